package dev.weir.tls.exec;

import java.util.List;

/**
 * What all connections of one configured terminal share.
 *
 * @param program its path
 * @param arguments with {@code argv[0]} as the first
 * @param standardError whether descriptor 2 is the connection, too; else it is Weir's
 * @param most how many may run at a time
 * @param idleNanos after how long without a byte a connection ends; 0 for never
 * @param stopMillis how long a program may stay when its connection has gone
 */
record ExecSettings(
        String program,
        List<String> arguments,
        boolean standardError,
        int most,
        long idleNanos,
        long stopMillis,
        ExecMetrics metrics) {
    ExecSettings {
        arguments = List.copyOf(arguments);
    }
}
