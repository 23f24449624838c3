package dev.weir.http;

import dev.weir.core.config.ConfigNode;
import java.util.List;
import java.util.Locale;

/**
 * How the paths of requests are read before routes are looked for. Section {@code path} of the terminal.
 *
 * @param normalize whether they are brought into the normal form of RFC 3986, 6.2.2: dot segments go, escapes of what needs none are undone, others are in capitals
 * @param mergeSlashes whether several slashes in a row count as one, also where a dot segment follows
 * @param escapedSlashes what becomes of {@code %2F} and {@code %5C}
 * @param observe whether the target is sent on as it came, whatever routes were found by
 */
record PathRules(boolean normalize, boolean mergeSlashes, EscapedSlashes escapedSlashes, boolean observe) {
    /** What becomes of escaped slashes and backslashes. */
    enum EscapedSlashes {
        /** They are characters of a segment. */
        KEEP,
        /** Such requests are refused. */
        REJECT,
        /** They separate segments, as slashes do. */
        UNESCAPE
    }

    /** What holds where nothing is configured. */
    static final PathRules DEFAULT = new PathRules(true, false, EscapedSlashes.KEEP, false);

    /** Reads {@code path} and {@code observe} of the terminal, and reports problems. */
    static PathRules read(ConfigNode terminal) {
        boolean observe = terminal.bool("observe", false);
        ConfigNode path = terminal.section("path");
        boolean normalize = path.bool("normalize", true);
        boolean merge = path.bool("merge_slashes", false);
        String slashes = path.oneOf("escaped_slashes", "keep", List.of("keep", "reject", "unescape"));
        path.rejectUnknown();
        return new PathRules(normalize, merge, EscapedSlashes.valueOf(slashes.toUpperCase(Locale.ROOT)), observe);
    }
}
