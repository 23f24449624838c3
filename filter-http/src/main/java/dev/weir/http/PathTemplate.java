package dev.weir.http;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A path with variables: {@code {name}} is one segment that is not empty, {@code {name...}} at the end is whatever remains. Immutable. */
final class PathTemplate {
    private static final String REST = "...";

    /** Literal segments; null for a variable. */
    private final List<@Nullable String> segments;

    private final boolean rest;

    private PathTemplate(List<@Nullable String> segments, boolean rest) {
        this.segments = segments;
        this.rest = rest;
    }

    /**
     * Reads a template that begins with a slash.
     *
     * @throws IllegalArgumentException if it is none
     */
    static PathTemplate parse(String text) {
        List<@Nullable String> segments = new ArrayList<>();
        Set<String> names = new HashSet<>();
        boolean rest = false;
        int from = 1;
        while (from <= text.length()) {
            int slash = text.indexOf('/', from);
            int to = slash < 0 ? text.length() : slash;
            String segment = text.substring(from, to);
            if (!segment.startsWith("{") || !segment.endsWith("}")) {
                if (segment.indexOf('{') >= 0 || segment.indexOf('}') >= 0) {
                    throw bad(text, "a variable is a whole segment, as /{name}/");
                }
                segments.add(segment);
            } else {
                String name = segment.substring(1, segment.length() - 1);
                rest = name.endsWith(REST);
                if (rest && to < text.length()) {
                    throw bad(text, "{name...} at the end only");
                }
                String plain = rest ? name.substring(0, name.length() - REST.length()) : name;
                if (!isName(plain) || !names.add(plain)) {
                    throw bad(text, "variables of letters, digits and _, each name once");
                }
                if (!rest) {
                    segments.add(null);
                }
            }
            from = to + 1;
        }
        return new PathTemplate(segments, rest);
    }

    private static IllegalArgumentException bad(String text, String expected) {
        return new IllegalArgumentException("\"" + HeaderEdits.shown(text) + "\" (expected: " + expected + ")");
    }

    private static boolean isName(String text) {
        boolean good = !text.isEmpty();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            good &= c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || i > 0 && c >= '0' && c <= '9';
        }
        return good;
    }

    /** The segments before the first variable. */
    List<String> literals() {
        List<String> literals = new ArrayList<>();
        for (String segment : segments) {
            if (segment == null) {
                break;
            }
            literals.add(segment);
        }
        return literals;
    }

    boolean matches(String path) {
        int at = 0;
        for (int i = 0; i < segments.size(); i++) {
            if (at >= path.length() || path.charAt(at) != '/') {
                return false;
            }
            int slash = path.indexOf('/', at + 1);
            int to = slash < 0 ? path.length() : slash;
            String literal = segments.get(i);
            boolean same =
                    literal == null ? to > at + 1 : to - at - 1 == literal.length() && path.startsWith(literal, at + 1);
            if (!same) {
                return false;
            }
            at = to;
        }
        return rest ? at < path.length() && path.charAt(at) == '/' : at == path.length();
    }
}
