package dev.weir.http;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import dev.weir.core.config.ConfigNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a header or a parameter of a query has to be. Immutable.
 *
 * @param kind how it is compared
 * @param text what with
 * @param pattern the same as a regular expression; null for other kinds
 * @param invert whether it must not be so
 */
record TextMatch(Kind kind, String text, @Nullable Pattern pattern, boolean invert) {
    /** How texts are compared. */
    enum Kind {
        EXACT,
        PREFIX,
        SUFFIX,
        CONTAINS,
        REGEX,
        PRESENT,
        ABSENT
    }

    private static final List<String> KEYS = List.of("exact", "prefix", "suffix", "contains", "regex", "present");
    private static final int LONGEST_PATTERN = 2_000;

    /** Reads one condition. None at all means that it has to be there. */
    static TextMatch read(ConfigNode node) {
        boolean invert = node.bool("invert", false);
        List<String> given = new ArrayList<>();
        for (String key : KEYS) {
            if (node.has(key)) {
                given.add(key);
            }
        }
        if (given.size() > 1) {
            node.error(given.get(1), "beside " + given.get(0) + " (expected: one of " + String.join(", ", KEYS) + ")");
        }
        String key = given.isEmpty() ? "present" : given.get(0);
        if (key.equals("present")) {
            Kind kind = node.bool("present", true) ? Kind.PRESENT : Kind.ABSENT;
            return new TextMatch(kind, "", null, invert);
        }
        Kind kind = Kind.valueOf(key.toUpperCase(java.util.Locale.ROOT));
        ConfigNode value = node.required(key);
        Pattern pattern = kind == Kind.REGEX ? pattern(value) : null;
        return new TextMatch(kind, value.text(), pattern, invert);
    }

    /** Reads a regular expression of RE2. */
    static Pattern pattern(ConfigNode node) {
        return node.as(
                text -> {
                    if (text.isEmpty() || text.length() > LONGEST_PATTERN) {
                        throw new IllegalArgumentException("\"" + HeaderEdits.shown(text)
                                + "\" (expected: a regular expression, 1..2000 characters)");
                    }
                    try {
                        return Pattern.compile(text);
                    } catch (PatternSyntaxException e) {
                        throw new IllegalArgumentException(
                                "\"" + HeaderEdits.shown(text) + "\": " + e.getDescription()
                                        + " (expected: a regular expression of RE2)",
                                e);
                    }
                },
                Pattern.compile("x"));
    }

    /** Whether it is so; {@code value} is null where there is none. */
    boolean matches(@Nullable String value) {
        return is(value) != invert;
    }

    /** The same, {@code invert} left aside. */
    boolean is(@Nullable String value) {
        if (value == null) {
            return kind == Kind.ABSENT;
        }
        return switch (kind) {
            case EXACT -> value.equals(text);
            case PREFIX -> value.startsWith(text);
            case SUFFIX -> value.endsWith(text);
            case CONTAINS -> value.contains(text);
            case REGEX -> pattern != null && pattern.matches(value);
            case PRESENT -> true;
            case ABSENT -> false;
        };
    }
}
