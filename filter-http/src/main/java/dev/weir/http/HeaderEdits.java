package dev.weir.http;

import dev.weir.core.config.ConfigNode;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Headers that a route removes, sets and adds, in this order. Immutable. Sections {@code request_headers} and {@code response_headers}. */
final class HeaderEdits {
    /** Nothing changes. */
    static final HeaderEdits NONE = new HeaderEdits(List.of(), List.of(), List.of());

    /** A header with one value. */
    record Header(String name, String value) {}

    /** Of one hop, or what the message is framed by. */
    private static final Set<String> FORBIDDEN = Set.of(
            "connection",
            "keep-alive",
            "proxy-connection",
            "proxy-authenticate",
            "proxy-authorization",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "http2-settings",
            "content-length",
            "expect");

    private final List<String> remove;
    private final List<Header> set;
    private final List<Header> add;

    private HeaderEdits(List<String> remove, List<Header> set, List<Header> add) {
        this.remove = List.copyOf(remove);
        this.set = List.copyOf(set);
        this.add = List.copyOf(add);
    }

    /** Reads the section at {@code key} of a route. */
    static HeaderEdits read(ConfigNode route, String key) {
        if (!route.has(key)) {
            return NONE;
        }
        ConfigNode node = route.section(key);
        boolean request = key.equals("request_headers");
        List<String> remove = new ArrayList<>();
        for (ConfigNode one : node.list("remove")) {
            remove.add(one.as(name -> editable(name, request), "x"));
        }
        HeaderEdits edits = new HeaderEdits(remove, headers(node, "set", request), headers(node, "add", request));
        node.rejectUnknown();
        return edits;
    }

    /** Reads a map of names to values, each a text or a list of texts. */
    static List<Header> headers(ConfigNode parent, String key, boolean request) {
        List<Header> headers = new ArrayList<>();
        parent.section(key).entries().forEach((name, value) -> {
            try {
                editable(name, request);
            } catch (IllegalArgumentException e) {
                value.error(String.valueOf(e.getMessage()));
            }
            for (ConfigNode one : value.elements()) {
                headers.add(new Header(name, one.as(HeaderEdits::value, "")));
            }
        });
        return headers;
    }

    /** Whether a header of this name is removed, set or added. */
    boolean touches(String name) {
        return remove.stream().anyMatch(name::equalsIgnoreCase)
                || set.stream().anyMatch(one -> name.equalsIgnoreCase(one.name()))
                || add.stream().anyMatch(one -> name.equalsIgnoreCase(one.name()));
    }

    private static String editable(String name, boolean request) {
        String lower = name(name).toLowerCase(Locale.ROOT);
        if (FORBIDDEN.contains(lower)) {
            throw new IllegalArgumentException(
                    "\"" + name + "\" (expected: no header of one hop or of the message's framing)");
        }
        if (request && lower.equals("host")) {
            throw new IllegalArgumentException("\"" + name + "\" (expected: rewrite: { host: … } for this one)");
        }
        return name;
    }

    /** The name of a header: a token (RFC 9110, 5.6.2). */
    static String name(String text) {
        return token(text, "the name of a header");
    }

    /** A token, or a problem that tells what it is for. */
    static String token(String text, String expected) {
        boolean good = !text.isEmpty();
        for (int i = 0; i < text.length(); i++) {
            good &= isToken(text.charAt(i));
        }
        if (!good) {
            throw new IllegalArgumentException("\"" + shown(text) + "\" (expected: " + expected + ")");
        }
        return text;
    }

    static boolean isToken(char c) {
        return c >= 'a' && c <= 'z'
                || c >= 'A' && c <= 'Z'
                || c >= '0' && c <= '9'
                || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
    }

    private static String value(String text) {
        boolean good = text.equals(text.strip());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            good &= c >= ' ' && c < 0x7f || c == '\t';
        }
        if (!good) {
            throw new IllegalArgumentException(
                    "\"" + shown(text) + "\" (expected: printable ASCII, no line breaks, no blanks at its ends)");
        }
        return text;
    }

    /** A text in which nothing can break a line. */
    static String shown(String text) {
        StringBuilder out = new StringBuilder(text.length());
        for (int i = 0; i < text.length() && out.length() < 60; i++) {
            char c = text.charAt(i);
            out.append(c < ' ' || c == 0x7f ? '?' : c);
        }
        return out.toString();
    }

    boolean isEmpty() {
        return remove.isEmpty() && set.isEmpty() && add.isEmpty();
    }

    void apply(HttpHeaders headers) {
        for (int i = 0; i < remove.size(); i++) {
            headers.remove(remove.get(i));
        }
        for (int i = 0; i < set.size(); i++) {
            headers.remove(set.get(i).name());
        }
        for (int i = 0; i < set.size(); i++) {
            headers.add(set.get(i).name(), set.get(i).value());
        }
        for (int i = 0; i < add.size(); i++) {
            headers.add(add.get(i).name(), add.get(i).value());
        }
    }
}
