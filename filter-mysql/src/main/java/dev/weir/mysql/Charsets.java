package dev.weir.mysql;

import dev.weir.core.sql.SqlCharset;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Finds out which character set a session's statements are in, as far as it changes where a string ends. */
final class Charsets {
    /** MariaDB's collations without padding have the numbers of those with it, and this. */
    private static final int NO_PAD = 1_024;

    private static final String CLIENT = "(?:SESSION |LOCAL |@@(?:SESSION\\.|LOCAL\\.)?)?CHARACTER_SET_CLIENT ?:?= ?";
    private static final String NAMES = "(?:NAMES|CHARACTER SET|CHAR SET|CHARSET) (?![=:])";

    /** In a digest of one statement, where no string and no comment can look like one; with the value, if it is a word. */
    private static final Pattern SET =
            Pattern.compile("(?:^SET |, ?)(?:" + NAMES + "|" + CLIENT + ")(?:(\\w+|\\?)(?= COLLATE | ?[,;]|$))?");

    /** The same within another statement. */
    private static final Pattern WITHIN = Pattern.compile("(?<!^)\\bSET (?:" + NAMES + "|" + CLIENT + ")");

    private static final Pattern OTHERS = Pattern.compile("\\b(?:GLOBAL|PERSIST|STATEMENT)\\b");

    /** Values in the statement itself: literals that nothing is done with. */
    private static final Pattern VALUE = Pattern.compile("(?:\\bNAMES|\\bCHARACTER\\s+SET|\\bCHAR\\s+SET|\\bCHARSET"
            + "|(?<!(?<!@)@)\\bCHARACTER_SET_CLIENT\\s*:?=)\\s*(?:'(\\w*)'|\"(\\w*)\"|(\\w+))"
            + "(?=\\s*(?:COLLATE\\s+\\S+\\s*)?(?:[,;]|\\*/|$))");

    private static final Pattern COMMENT = Pattern.compile("#|--|/\\*(?!M?!)");

    /** First of GB18030's collations, which MySQL has and MariaDB does not. */
    static final int GB18030 = 248;

    private Charsets() {}

    /** Of a collation's number: MySQL's and MariaDB's {@code information_schema.collations}. */
    static SqlCharset ofCollation(int id) {
        return switch (id >= NO_PAD && id < 2 * NO_PAD ? id - NO_PAD : id) {
            case 28, 87, GB18030, GB18030 + 1, GB18030 + 2 -> SqlCharset.GBK;
            case 1, 84 -> SqlCharset.BIG5;
            case 13, 88, 95, 96 -> SqlCharset.SJIS;
            default -> SqlCharset.PLAIN;
        };
    }

    /** Of a character set's name in any case. */
    static SqlCharset ofName(String name) {
        return switch (name.toUpperCase(Locale.ROOT)) {
            case "GBK", "GB18030" -> SqlCharset.GBK;
            case "BIG5" -> SqlCharset.BIG5;
            case "SJIS", "CP932" -> SqlCharset.SJIS;
            case "", "DEFAULT" -> SqlCharset.UNKNOWN;
            default -> Character.isDigit(name.charAt(0)) ? SqlCharset.UNKNOWN : SqlCharset.PLAIN;
        };
    }

    /** Whether a statement of this digest, or one of several, may set the session's character set. */
    static boolean changes(String digest) {
        return after(digest, "") != null;
    }

    /**
     * The character set after {@code sql}, whose digest is {@code digest}; null for as before, {@link SqlCharset#UNKNOWN} for
     * what cannot be told.
     */
    static @Nullable SqlCharset after(String digest, String sql) {
        String upper = upper(digest);
        if (!upper.contains("NAMES") && !upper.contains("CHAR")) {
            return null;
        }
        SqlCharset found = null;
        boolean doubtful = false;
        boolean literal = false;
        int changes = 0;
        for (String one : upper.split("; ", -1)) {
            doubtful |= WITHIN.matcher(one).find();
            Matcher set = SET.matcher(one);
            while (one.startsWith("SET ") && set.find()) {
                String value = set.group(1);
                doubtful |= value == null || OTHERS.matcher(one).find();
                literal = "?".equals(value);
                found = value == null || literal ? SqlCharset.UNKNOWN : ofName(value);
                changes++;
            }
        }
        if (doubtful) {
            return SqlCharset.UNKNOWN;
        }
        return literal ? literal(upper(sql), changes) : found;
    }

    /** What the last one of so many changes sets. */
    private static SqlCharset literal(String sql, int changes) {
        SqlCharset found = SqlCharset.UNKNOWN;
        int values = 0;
        Matcher value = VALUE.matcher(sql);
        while (value.find()) {
            String word = value.group(1) != null ? value.group(1) : value.group(2);
            found = ofName(word != null ? word : value.group(3));
            values++;
        }
        return values == changes && !COMMENT.matcher(sql).find() ? found : SqlCharset.UNKNOWN;
    }

    private static String upper(String text) {
        return text.toUpperCase(Locale.ROOT).replace("`", "");
    }
}
