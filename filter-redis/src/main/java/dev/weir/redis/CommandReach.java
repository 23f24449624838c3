package dev.weir.redis;

import dev.weir.core.protocol.Command;
import java.util.Set;

/** What policies are told of commands beyond their names: what kind they are of, and whether they stay in their database. */
final class CommandReach {
    /** What touches no key and nothing beyond its connection; or only tells what every client of a cluster has to know. */
    private static final Set<String> SESSION = Set.of(
            "ACL WHOAMI",
            "ASKING",
            "CLIENT CACHING",
            "CLIENT CAPA",
            "CLIENT GETNAME",
            "CLIENT GETREDIR",
            "CLIENT HELP",
            "CLIENT ID",
            "CLIENT INFO",
            "CLIENT MAINT_NOTIFICATIONS",
            "CLIENT NO-TOUCH",
            "CLIENT REPLY",
            "CLIENT SETINFO",
            "CLIENT SETNAME",
            "CLIENT TRACKINGINFO",
            "CLUSTER INFO",
            "CLUSTER KEYSLOT",
            "CLUSTER MYID",
            "CLUSTER MYSHARDID",
            "CLUSTER NODES",
            "CLUSTER SHARDS",
            "CLUSTER SLOTS",
            "COMMAND",
            "COMMAND COUNT",
            "COMMAND DOCS",
            "COMMAND GETKEYS",
            "COMMAND GETKEYSANDFLAGS",
            "COMMAND HELP",
            "COMMAND INFO",
            "COMMAND LIST",
            "DISCARD",
            "ECHO",
            "EXEC",
            "MULTI",
            "PING",
            "READONLY",
            "READWRITE",
            "SELECT",
            "TIME",
            "UNWATCH",
            "WAIT",
            "WATCH");

    /** What has keys, or names some, and reaches other databases nevertheless. */
    private static final Set<String> FAR =
            Set.of("COPY", "MOVE", "MIGRATE", "EVAL", "EVAL_RO", "EVALSHA", "EVALSHA_RO", "FCALL", "FCALL_RO");

    /** What has no keys and stays in its database nevertheless. */
    private static final Set<String> NEAR = Set.of("DBSIZE", "FLUSHDB", "KEYS", "RANDOMKEY", "SCAN");

    private CommandReach() {}

    /** {@code flags} as in the table. */
    static Command.Kind kind(String name, String flags, boolean read) {
        if (flags.indexOf('n') >= 0) {
            return Command.Kind.LOGIN; // what the server itself takes before anybody has logged in
        }
        return SESSION.contains(name) ? Command.Kind.SESSION : read ? Command.Kind.READ : Command.Kind.WRITE;
    }

    /** Whether it runs in the current database, and in no other. */
    static boolean confined(String name, boolean hasKeys) {
        return NEAR.contains(name) || hasKeys && !FAR.contains(name);
    }
}
