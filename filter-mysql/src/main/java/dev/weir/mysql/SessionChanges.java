package dev.weir.mysql;

import java.util.Locale;

/** Reads what an OK packet says of the session's state (MySQL: "OK_Packet", "session state information"). */
final class SessionChanges {
    private static final int SYSTEM_VARIABLE = 0;
    private static final int SCHEMA = 1;
    private static final int GTIDS = 3;

    private static final String SQL_MODE = "sql_mode";
    private static final String CHARSET = "character_set_client";

    private SessionChanges() {}

    /** Reads all changes, from their length on, into {@code c}, where they wait for the end of the answer. */
    static void read(Payload p, Command c) {
        long length = p.lenenc();
        int end = (int) Math.min(p.end, p.pos + Math.max(0, length));
        while (p.pos < end && !p.short_) {
            int type = p.u1();
            long size = p.lenenc();
            if (size < 0 || size > p.left()) {
                return;
            }
            int next = p.pos + (int) size;
            switch (type) {
                case SCHEMA -> {
                    c.schema = p.lenencText(Loop.NAME);
                    c.tracked = true;
                }
                case GTIDS -> {
                    p.u1(); // how it is encoded
                    c.gtid = p.lenencText(Loop.NAME);
                }
                case SYSTEM_VARIABLE -> variable(p, c);
                default -> {}
            }
            p.pos = next;
        }
    }

    private static void variable(Payload p, Command c) {
        long length = p.lenenc();
        if (length == SQL_MODE.length() && p.at(SQL_MODE)) {
            p.skip(length);
            c.ansiQuotes = p.lenencText(1_024).toUpperCase(Locale.ROOT).contains("ANSI_QUOTES") ? 1 : 0;
        } else if (length == CHARSET.length() && p.at(CHARSET)) {
            p.skip(length);
            c.trackedCharset = Charsets.ofName(p.lenencText(Loop.NAME));
        }
    }
}
