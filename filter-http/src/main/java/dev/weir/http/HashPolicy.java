package dev.weir.http;

import dev.weir.core.cluster.KeyHash;
import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.Units;
import dev.weir.core.filter.Connection;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** What the hash of a request is made of, for clusters that choose by it; combined as Envoy does. Immutable. Section {@code hash} of a route. */
final class HashPolicy {
    /** Where a hash comes from. */
    enum Kind {
        HEADER,
        COOKIE,
        QUERY,
        SOURCE
    }

    /**
     * One source.
     *
     * @param terminal whether those behind it are not looked at if there is a hash now
     * @param cookie how the cookie is made where the client has none; null for not at all
     */
    record Part(
            Kind kind,
            String name,
            boolean terminal,
            @Nullable Cookie cookie) {}

    /** The attributes of a cookie that Weir makes; {@code maxAge} in seconds, 0 for as long as the browser runs. */
    record Cookie(long maxAge, String path) {}

    private static final List<String> KEYS = List.of("header", "cookie", "query", "source");

    private final List<Part> parts;
    private final boolean makesCookies;

    private HashPolicy(List<Part> parts) {
        this.parts = List.copyOf(parts);
        this.makesCookies = parts.stream().anyMatch(part -> part.cookie != null);
    }

    static HashPolicy read(ConfigNode route, boolean observe) {
        List<Part> parts = new ArrayList<>();
        for (ConfigNode node : route.list("hash")) {
            Part part = part(node, observe);
            if (part.cookie != null && parts.stream().anyMatch(other -> other.cookie != null)) {
                node.error("ttl", "a second cookie to make (expected: one with ttl)");
            }
            parts.add(part);
            node.rejectUnknown();
        }
        return new HashPolicy(parts);
    }

    private static Part part(ConfigNode node, boolean observe) {
        List<String> given = new ArrayList<>();
        for (String key : KEYS) {
            if (node.has(key)) {
                given.add(key);
            }
        }
        boolean terminal = node.bool("terminal", false);
        boolean ttl = node.has("ttl");
        boolean path = node.has("path");
        if (given.size() != 1) {
            node.error((given.isEmpty() ? "nothing to hash" : "several sources") + " (expected: one of "
                    + String.join(", ", KEYS) + ")");
            return new Part(Kind.SOURCE, "", terminal, null);
        }
        Kind kind = Kind.valueOf(given.get(0).toUpperCase(java.util.Locale.ROOT));
        if (kind != Kind.COOKIE && (ttl || path)) {
            node.error(ttl ? "ttl" : "path", "without cookie (expected: beside cookie)");
        }
        switch (kind) {
            case SOURCE -> {
                if (!node.bool("source", true)) {
                    node.error("source", "false (expected: true)");
                }
                return new Part(kind, "", terminal, null);
            }
            case QUERY -> {
                return new Part(kind, node.string("query"), terminal, null);
            }
            case HEADER -> {
                return new Part(kind, node.required("header").as(HeaderEdits::name, "x"), terminal, null);
            }
            default -> {
                String name = node.required("cookie").as(text -> HeaderEdits.token(text, "the name of a cookie"), "x");
                return new Part(kind, name, terminal, cookie(node, ttl, path, observe));
            }
        }
    }

    private static @Nullable Cookie cookie(ConfigNode node, boolean ttl, boolean path, boolean observe) {
        if (!ttl) {
            if (path) {
                node.error("path", "without ttl (expected: both, or none)");
            }
            return null;
        }
        if (observe) {
            node.error("ttl", "with observe: true, where no header is added (expected: no ttl)");
        }
        Duration age = node.duration("ttl", Duration.ZERO);
        if (!age.equals(Duration.ofSeconds(age.toSeconds()))) {
            node.error("ttl", Units.format(age) + " (expected: whole seconds)");
        }
        ConfigNode under = node.child("path");
        return new Cookie(
                age.toSeconds(), under == null ? "/" : under.as(text -> PathMatch.path(text, PathRules.DEFAULT), "/"));
    }

    boolean isEmpty() {
        return parts.isEmpty();
    }

    /** The hash; a random one where nothing of the request gives one. */
    long hash(HttpRequest head, RequestTarget target, Connection connection, KeyHash keyHash) {
        long hash = 0;
        boolean any = false;
        for (int i = 0; i < parts.size(); i++) {
            Part part = parts.get(i);
            String text = text(part, head, target, connection);
            if (text != null) {
                byte[] bytes = bytes(text);
                long own = keyHash.hash(bytes, bytes.length);
                hash = any ? Long.rotateLeft(hash, 1) ^ own : own;
                any = true;
            }
            if (part.terminal && any) {
                break;
            }
        }
        return any ? hash : ThreadLocalRandom.current().nextLong();
    }

    private static byte[] bytes(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) > 0xff) {
                return text.getBytes(StandardCharsets.UTF_8);
            }
        }
        return text.getBytes(StandardCharsets.ISO_8859_1); // a character of a header is a byte
    }

    private static @Nullable String text(Part part, HttpRequest head, RequestTarget target, Connection connection) {
        return switch (part.kind) {
            case HEADER -> header(head.headers(), part.name);
            case QUERY -> QueryText.find(target.query(), part.name);
            case SOURCE -> connection.clientHost();
            case COOKIE -> {
                String value = cookie(head.headers(), part.name);
                yield value != null || part.cookie == null ? value : made(connection);
            }
        };
    }

    /** Several values are put in order, so that theirs makes no difference. */
    private static @Nullable String header(HttpHeaders headers, String name) {
        String first = headers.get(name);
        if (first == null) {
            return null;
        }
        List<String> all = headers.getAll(name);
        if (all.size() == 1) {
            return first;
        }
        String[] sorted = all.toArray(String[]::new);
        Arrays.sort(sorted);
        return String.join("", sorted);
    }

    /** The value of a cookie, without quotes; null if there is none, or an empty one. */
    static @Nullable String cookie(HttpHeaders headers, String name) {
        if (headers.get(HttpHeaderNames.COOKIE) == null) {
            return null;
        }
        for (String line : headers.getAll(HttpHeaderNames.COOKIE)) {
            int from = 0;
            while (from < line.length()) {
                int semicolon = line.indexOf(';', from);
                int to = semicolon < 0 ? line.length() : semicolon;
                while (from < to && line.charAt(from) == ' ') {
                    from++;
                }
                int equals = from + name.length();
                if (equals < to && line.charAt(equals) == '=' && line.startsWith(name, from)) {
                    String value = line.substring(equals + 1, to).strip();
                    boolean quoted = value.length() > 1 && value.startsWith("\"") && value.endsWith("\"");
                    value = quoted ? value.substring(1, value.length() - 1) : value;
                    if (!value.isEmpty()) {
                        return value;
                    }
                }
                from = to + 1;
            }
        }
        return null;
    }

    /** The value of {@code Set-Cookie} if the client is to get a cookie, or null. */
    @Nullable
    String setCookie(HttpRequest head, Connection connection) {
        if (!makesCookies) {
            return null;
        }
        for (int i = 0; i < parts.size(); i++) {
            Part part = parts.get(i);
            Cookie cookie = part.cookie;
            if (cookie != null && cookie(head.headers(), part.name) == null) {
                String age = cookie.maxAge == 0 ? "" : "; Max-Age=" + cookie.maxAge;
                return part.name + "=" + made(connection) + age + "; Path=" + cookie.path + "; HttpOnly";
            }
        }
        return null;
    }

    /** The same for all requests of a connection, so that those that race get the same cookie, and the hash is that of what is sent. */
    private static String made(Connection connection) {
        byte[] bytes = (connection.clientText() + Address.format(connection.local())).getBytes(StandardCharsets.UTF_8);
        String hex = Long.toHexString(KeyHash.XX_HASH.hash(bytes, bytes.length));
        return "0".repeat(16 - hex.length()) + hex;
    }
}
