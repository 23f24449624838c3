package dev.weir.http;

import com.google.re2j.Pattern;
import dev.weir.core.config.ConfigNode;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of path and host on their way to the upstream. Immutable. Section {@code rewrite} of a route.
 *
 * @param prefix stands for what the route's path matched; null for no change
 * @param pattern what of the path is replaced; null for nothing
 * @param substitution what by
 * @param host the host to name; null for no change
 * @param upstreamHost whether that of the endpoint is named
 */
record Rewrite(
        @Nullable String prefix,
        @Nullable Pattern pattern,
        String substitution,
        @Nullable String host,
        boolean upstreamHost) {
    /** Nothing changes. */
    static final Rewrite NONE = new Rewrite(null, null, "", null, false);

    private static final int LONGEST = 256;
    private static final String UPSTREAM = "upstream";

    static Rewrite read(ConfigNode route, PathMatch path, PathRules rules) {
        if (!route.has("rewrite")) {
            return NONE;
        }
        ConfigNode node = route.section("rewrite");
        ConfigNode prefixNode = node.child("prefix");
        String prefix = prefixNode == null ? null : prefixNode.as(text -> PathMatch.path(text, rules), "/");
        if (prefixNode != null && !path.hasPrefix()) {
            prefixNode.error("beside a path with variables (expected: path_regex and substitution)");
        }
        ConfigNode patternNode = node.child("path_regex");
        Pattern pattern = patternNode == null ? null : TextMatch.pattern(patternNode);
        ConfigNode substitutionNode = node.child("substitution");
        String substitution = "";
        if (pattern != null) {
            substitution = node.required("substitution").as(text -> substitution(text, pattern), "");
        } else if (substitutionNode != null) {
            substitutionNode.error("without path_regex (expected: both)");
        }
        if (pattern != null && prefix != null) {
            node.error("path_regex", "beside prefix (expected: one of both)");
        }
        ConfigNode hostNode = node.child("host");
        String host = hostNode == null ? null : hostNode.as(Rewrite::host, "x");
        node.rejectUnknown();
        boolean upstream = UPSTREAM.equals(host);
        return new Rewrite(prefix, pattern, substitution, upstream ? null : host, upstream);
    }

    static String host(String text) {
        try {
            if (!Authority.host(text).isEmpty()) {
                return text;
            }
        } catch (BadTarget e) {
            // reported below
        }
        throw new IllegalArgumentException(
                "\"" + HeaderEdits.shown(text) + "\" (expected: a host, as internal.example.com or h:8080)");
    }

    /** {@code $1} and {@code ${name}} are groups, as in RE2/J; {@code \} takes the next character as it is. */
    private static String substitution(String text, Pattern pattern) {
        boolean good = text.length() <= LONGEST;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            good &= c > ' ' && c < 0x7f && c != '?' && c != '#';
        }
        if (!good) {
            throw new IllegalArgumentException("\"" + HeaderEdits.shown(text)
                    + "\" (expected: a path without query, printable ASCII, 256 characters at most)");
        }
        try {
            // An empty pattern with the same groups, so that groups are looked up wherever they stand.
            Pattern.compile("(?:" + pattern.pattern() + ")|").matcher("").replaceAll(text);
            return text;
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            throw new IllegalArgumentException(
                    "\"" + HeaderEdits.shown(text) + "\" (expected: $1 to $" + pattern.groupCount()
                            + ", or ${name}, of groups that path_regex has)",
                    e);
        }
    }

    /** The target to send on. */
    String target(RequestTarget target, PathMatch match) {
        if (prefix == null && pattern == null || !target.path().startsWith("/")) {
            return target.forwarded();
        }
        String path = prefix != null ? joined(prefix, match.behind(target.path())) : replaced(target.path());
        return target.query().isEmpty() ? path : path + "?" + target.query();
    }

    /** A prefix, and what lies behind the one that it replaces, with one slash between. */
    static String joined(String prefix, String behind) {
        return behind.startsWith("/") && prefix.endsWith("/")
                ? prefix.substring(0, prefix.length() - 1) + behind
                : prefix + behind;
    }

    private String replaced(String path) {
        String replaced = pattern == null ? path : pattern.matcher(path).replaceAll(substitution);
        return replaced.startsWith("/") ? replaced : "/" + replaced;
    }

    /** Whether the host to send on is the endpoint's. */
    boolean namesEndpoint() {
        return upstreamHost;
    }

    /** Names it. */
    void nameHost(HttpRequest outgoing, String endpointHost) {
        outgoing.headers().set(HttpHeaderNames.HOST, endpointHost);
    }

    /** Names the host to send on. */
    void host(HttpRequest outgoing, RequestTarget target, @Nullable String endpointHost) {
        String name = upstreamHost ? endpointHost : host;
        if (name != null) {
            outgoing.headers().set(HttpHeaderNames.HOST, name);
        } else if (target.isAbsolute()
                && !target.authority().equals(outgoing.headers().get(HttpHeaderNames.HOST))) {
            outgoing.headers().set(HttpHeaderNames.HOST, target.authority()); // RFC 9112, 3.2.2
        }
    }
}
