package dev.weir.redis;

import java.util.Locale;

/** Why a connection could not be made, in the words of the system. */
final class ConnectFailure {
    private ConnectFailure() {}

    /** What is left of the message without names of system calls and addresses: {@code connection refused}. */
    static String text(Throwable cause) {
        String message = cause.getMessage();
        String text = message == null ? cause.getClass().getSimpleName() : message;
        int end = text.indexOf("failed with error(-");
        if (end >= 0) {
            int colon = text.indexOf("): ", end);
            text = colon > 0 ? text.substring(colon + 3) : text;
        }
        int address = text.indexOf(": ");
        return address >= 0 ? text.substring(0, address).toLowerCase(Locale.ROOT) : text;
    }
}
