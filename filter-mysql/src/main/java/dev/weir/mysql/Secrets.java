package dev.weir.mysql;

import dev.weir.core.sql.SqlStatement;
import java.util.Locale;

/** Statements whose values may be passwords or keys; they are never shown as they were sent. */
final class Secrets {
    private static final String[] SIGNS = {
        "PASSWORD", "IDENTIFIED", "ENCRYPT", "DECRYPT", "_KEY", "SECRET", "USER", "SERVER"
    };

    private Secrets() {}

    /** Whether {@code sql} looks like one, by its digest; rather too often than too rarely. */
    static boolean mayHold(SqlStatement sql) {
        if (sql.truncated()) {
            return true; // what is not seen may be one
        }
        String text = sql.text().toUpperCase(Locale.ROOT);
        return switch (sql.verb()) {
            case "CREATE", "ALTER", "SET", "GRANT", "CHANGE", "START" -> holdsSign(text);
            default -> text.contains("PASSWORD") || text.contains("CRYPT") || text.contains("IDENTIFIED");
        };
    }

    private static boolean holdsSign(String text) {
        for (String sign : SIGNS) {
            if (text.contains(sign)) {
                return true;
            }
        }
        return false;
    }
}
