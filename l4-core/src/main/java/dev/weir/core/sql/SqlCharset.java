package dev.weir.core.sql;

/**
 * Of a client's character set, which ASCII bytes are second halves of characters: a backslash or backtick that is one neither
 * escapes nor quotes. What is no valid pair is two characters, as for the servers.
 */
public enum SqlCharset {
    /** None: UTF-8, the ISO 8859 and EUC families, and all others that are not below. */
    PLAIN,
    /** GBK and GB18030, whose characters of four bytes have digits for second and fourth ones. */
    GBK,
    /** Big5. */
    BIG5,
    /** Shift-JIS and its Windows variant, cp932. */
    SJIS,
    /** One of those above. Where it matters which one, nothing of what follows is shown. */
    UNKNOWN;

    /** Whether two bytes (0..255, the second -1 beyond the end) are one character. Never where that is unknown. */
    boolean pair(int first, int second) {
        boolean low = second >= 0x40 && second <= 0x7e;
        return switch (this) {
            case GBK -> first >= 0x81 && first <= 0xfe && (low || (second >= 0x80 && second <= 0xfe));
            case BIG5 -> first >= 0xa1 && first <= 0xf9 && (low || (second >= 0xa1 && second <= 0xfe));
            case SJIS ->
                ((first >= 0x81 && first <= 0x9f) || (first >= 0xe0 && first <= 0xfc))
                        && (low || (second >= 0x80 && second <= 0xfc));
            case PLAIN, UNKNOWN -> false;
        };
    }
}
