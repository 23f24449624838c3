package dev.weir.mysql;

import dev.weir.core.sql.SqlStatement;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Statements whose values may be passwords or keys; they are never shown as they were sent. */
final class Secrets {
    /** Wherever they stand: in names, comments, and strings that hold statements to be prepared. */
    private static final String[] ANYWHERE = {
        "PASSW",
        "PWD",
        "IDENTIFIED",
        "CRYPT",
        "SECRET",
        "AUTHENTICATION_STRING",
        "CONNECTION",
        "MYSQL.",
        "KEYRING",
        "://"
    };

    /** In statements about accounts, variables and servers. */
    private static final String[] SIGNS = {"KEY", "USER", "SERVER", "@PW", "@PASS"};

    private Secrets() {}

    /** Whether {@code sql}, or its text as it was sent, looks like one; rather too often than too rarely. */
    static boolean mayHold(SqlStatement sql, byte[] text, int from, int length) {
        if (sql.truncated()) {
            return true; // what is not seen may be one
        }
        String upper = upper(text, from, length);
        if (holds(upper, ANYWHERE)) {
            return true;
        }
        return switch (sql.verb()) {
            case "SELECT", "INSERT", "REPLACE", "UPDATE", "DELETE", "WITH" -> sql.several() && holds(upper, SIGNS);
            default -> holds(upper, SIGNS);
        };
    }

    /**
     * Whether a session's ANSI_QUOTES is not to be relied on for this statement: it may change the mode itself, or what is
     * in double quotes may be a password if the mode has changed unseen.
     */
    static boolean quotesMayHold(byte[] text, int from, int length) {
        String upper = upper(text, from, length);
        return upper.contains("SQL_MODE") || upper.contains("PASSWORD") || upper.contains("IDENTIFIED");
    }

    private static String upper(byte[] text, int from, int length) {
        return new String(text, from, length, StandardCharsets.ISO_8859_1).toUpperCase(Locale.ROOT);
    }

    private static boolean holds(String text, String[] signs) {
        for (String sign : signs) {
            if (text.contains(sign)) {
                return true;
            }
        }
        return false;
    }
}
