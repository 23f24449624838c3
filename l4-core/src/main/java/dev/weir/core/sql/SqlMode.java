package dev.weir.core.sql;

/**
 * What of a session's {@code sql_mode} changes where tokens end.
 *
 * @param ansiQuotes double quotes hold identifiers, not strings
 * @param noBackslashEscapes a backslash in a string is a character like others
 */
public record SqlMode(boolean ansiQuotes, boolean noBackslashEscapes) {
    /** MySQL's and MariaDB's default. */
    public static final SqlMode DEFAULT = new SqlMode(false, false);
}
