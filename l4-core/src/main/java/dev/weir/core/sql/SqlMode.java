package dev.weir.core.sql;

/**
 * What of a session's settings changes where tokens end.
 *
 * @param ansiQuotes double quotes hold identifiers, not strings
 * @param noBackslashEscapes a backslash in a string is a character like others
 * @param charset the character set of statements, the session's {@code character_set_client}
 */
public record SqlMode(boolean ansiQuotes, boolean noBackslashEscapes, SqlCharset charset) {
    /** MySQL's and MariaDB's default. */
    public static final SqlMode DEFAULT = new SqlMode(false, false, SqlCharset.PLAIN);

    /** Whether no ASCII byte can be half of a character. */
    boolean plain() {
        return charset == SqlCharset.PLAIN;
    }
}
