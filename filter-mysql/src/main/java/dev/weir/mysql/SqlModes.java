package dev.weir.mysql;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds out what statements make of a session's {@code sql_mode}, as far as it changes where a string ends. */
final class SqlModes {
    private static final String NAME = "SQL_MODE";

    /** In a digest, where no string and no comment can look like one. */
    private static final Pattern SET =
            Pattern.compile("(?:^SET |, ?|; SET )(?:SESSION |LOCAL |@@(?:SESSION\\.|LOCAL\\.)?)?SQL_MODE ?:?=");

    /** Values that can be told: a literal, a word, or something appended to what there was. */
    private static final Pattern VALUE = Pattern.compile(
            "(?<!\\w)(?<!(?<!@)@)SQL_MODE\\s*:?=\\s*(?:'([^']*)'|\"([^\"]*)\"|(ANSI\\w*)|CONCAT\\(([^)]*)\\))");

    private SqlModes() {}

    /**
     * Whether ANSI_QUOTES is on after {@code sql}, whose digest is {@code digest}: 1 for on, 0 for off, -1 for as before.
     * What cannot be told is off: then what is in double quotes counts as a value, and is not shown.
     */
    static int ansiQuotes(String digest, String sql) {
        if (!changes(digest)) {
            return -1;
        }
        int on = 0;
        Matcher value = VALUE.matcher(upper(sql));
        while (value.find()) {
            on = value.group().indexOf("ANSI", NAME.length()) > 0 ? 1 : 0;
        }
        return on;
    }

    /** Whether a statement of this digest sets the session's {@code sql_mode}. */
    static boolean changes(String digest) {
        return digest.length() >= NAME.length() && SET.matcher(upper(digest)).find();
    }

    private static String upper(String text) {
        return text.toUpperCase(Locale.ROOT);
    }
}
