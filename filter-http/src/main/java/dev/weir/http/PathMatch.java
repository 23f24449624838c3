package dev.weir.http;

import com.google.re2j.Pattern;
import dev.weir.core.config.ConfigNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The condition of a route on the path. Immutable.
 *
 * @param kind how paths are compared
 * @param text the path, without the slash at the end where it is a prefix
 * @param template for paths with variables
 * @param pattern for regular expressions
 * @param name what the paths are called together
 */
record PathMatch(
        Kind kind,
        String text,
        @Nullable PathTemplate template,
        @Nullable Pattern pattern,
        String name) {
    /** How paths are compared. */
    enum Kind {
        /** Any target, {@code *} and that of CONNECT too. */
        ANY,
        EXACT,
        /** The path itself, and what lies below. */
        PREFIX,
        /** Only what lies below. */
        BELOW,
        TEMPLATE,
        REGEX
    }

    private static final List<String> KEYS = List.of("path", "path_prefix", "path_template", "path_regex");

    /** Reads the condition of a route. None means any. */
    static PathMatch read(ConfigNode route, PathRules rules) {
        List<String> given = new ArrayList<>();
        for (String key : KEYS) {
            if (route.has(key)) {
                given.add(key);
            }
        }
        if (given.size() > 1) {
            route.error(given.get(1), "beside " + given.get(0) + " (expected: one of " + String.join(", ", KEYS) + ")");
        }
        if (given.isEmpty()) {
            return any();
        }
        ConfigNode node = route.required(given.get(0));
        return switch (given.get(0)) {
            case "path" -> exact(node.as(text -> path(text, rules), "/"));
            case "path_prefix" -> prefix(node.as(text -> path(text, rules), "/"));
            case "path_template" -> node.as(text -> template(text, rules), any());
            default -> {
                Pattern pattern = TextMatch.pattern(node);
                yield new PathMatch(Kind.REGEX, "", null, pattern, pattern.pattern());
            }
        };
    }

    private static PathMatch any() {
        return new PathMatch(Kind.ANY, "", null, null, "/*");
    }

    private static PathMatch exact(String path) {
        return new PathMatch(Kind.EXACT, path, null, null, path);
    }

    private static PathMatch prefix(String path) {
        if (path.equals("/")) {
            return any();
        }
        boolean below = path.endsWith("/");
        String text = below ? path.substring(0, path.length() - 1) : path;
        return new PathMatch(below ? Kind.BELOW : Kind.PREFIX, text, null, null, text + "/*");
    }

    private static PathMatch template(String text, PathRules rules) {
        PathTemplate template = PathTemplate.parse(begins(text));
        path(text, rules); // braces are characters as others to it
        return new PathMatch(Kind.TEMPLATE, text, template, null, text);
    }

    /** A path that requests can have once they are in normal form. */
    static String path(String text, PathRules rules) {
        String path = begins(text);
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            if (c >= 0x80 || c == '?' || c == '#') {
                throw new IllegalArgumentException("\"" + HeaderEdits.shown(text)
                        + "\" (expected: a path without query, other characters than ASCII as %C3%A9)");
            }
        }
        try {
            String normal = PathNormalizer.normalize(path, rules);
            if (!normal.equals(path)) {
                throw new IllegalArgumentException(
                        "\"" + HeaderEdits.shown(text) + "\": no request has it after normalisation (expected: \""
                                + HeaderEdits.shown(normal) + "\")");
            }
            return path;
        } catch (BadTarget e) {
            throw new IllegalArgumentException(
                    "\"" + HeaderEdits.shown(text) + "\": " + e.getMessage()
                            + " (expected: a path that requests can have)",
                    e);
        }
    }

    private static String begins(String text) {
        if (!text.startsWith("/")) {
            throw new IllegalArgumentException("\"" + HeaderEdits.shown(text) + "\" (expected: a path, as /users)");
        }
        return text;
    }

    /** The whole segments that all of these paths begin with. */
    List<String> literals() {
        return switch (kind) {
            case ANY -> List.of();
            case TEMPLATE -> template == null ? List.of() : template.literals();
            case EXACT, PREFIX, BELOW -> segments(text + "/");
            case REGEX -> pattern == null ? List.of() : segments(plainBegin(pattern.pattern()));
        };
    }

    /** The segments of a text that begins with a slash, each of which is followed by a slash. */
    private static List<String> segments(String text) {
        List<String> segments = new ArrayList<>();
        int from = 1;
        int slash = text.indexOf('/', from);
        while (slash >= 0) {
            segments.add(text.substring(from, slash));
            from = slash + 1;
            slash = text.indexOf('/', from);
        }
        return segments;
    }

    /** What all matches of an expression begin with, as far as it is plain to see. */
    private static String plainBegin(String regex) {
        int end = 0;
        while (end < regex.length() && isPlain(regex.charAt(end))) {
            end++;
        }
        boolean repeated = end < regex.length() && "*?{+".indexOf(regex.charAt(end)) >= 0;
        boolean usable = regex.startsWith("/") && regex.indexOf('|') < 0;
        return usable ? regex.substring(0, repeated ? end - 1 : end) : "";
    }

    private static boolean isPlain(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || "/-_~".indexOf(c) >= 0;
    }

    boolean matches(String path) {
        return switch (kind) {
            case ANY -> true;
            case EXACT -> path.equals(text);
            case PREFIX ->
                path.startsWith(text) && (path.length() == text.length() || path.charAt(text.length()) == '/');
            case BELOW -> path.startsWith(text) && path.length() > text.length() && path.charAt(text.length()) == '/';
            case TEMPLATE -> template != null && template.matches(path);
            case REGEX -> pattern != null && pattern.matches(path);
        };
    }

    /** What of a path lies behind the prefix: empty, or with a slash at its begin; where there is no prefix, the path. */
    String behind(String path) {
        return switch (kind) {
            case PREFIX, BELOW -> path.substring(text.length());
            case ANY -> path;
            default -> "";
        };
    }

    /** Whether paths have a part that a rewrite can replace, or are one path. */
    boolean hasPrefix() {
        return kind != Kind.TEMPLATE && kind != Kind.REGEX;
    }
}
