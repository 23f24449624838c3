package dev.weir.tls.starttls;

import org.jspecify.annotations.Nullable;

/**
 * What a talk says, from the configuration; free of what would end a line.
 *
 * @param host whom it is about: the name that EHLO says, the target of a tunnel
 * @param username who asks; with {@code password}
 * @param password its secret
 * @param authentication {@code plain}, {@code login} or {@code basic}
 * @param headers further lines of a CONNECT request
 */
record TalkSettings(
        @Nullable String host,
        @Nullable String username,
        @Nullable String password,
        String authentication,
        java.util.List<String> headers) {
    TalkSettings {
        headers = java.util.List.copyOf(headers);
    }

    String hostOr(String absent) {
        return host == null ? absent : host;
    }

    @Override
    public String toString() {
        return "TalkSettings[" + host + ", " + username + "]"; // without the secret
    }
}
