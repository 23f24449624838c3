package dev.weir.http;

import io.netty.util.NetUtil;
import java.util.Locale;

/** Reads what stands before the path of a URL, and in {@code Host}: {@code host}, {@code host:port} or {@code [v6]:port}. RFC 3986, 3.2.2, without what no host is named by. */
final class Authority {
    private static final int LONGEST = 255;

    private Authority() {}

    /**
     * The host in lower case, without port and trailing dot; an IPv6 address keeps its brackets. Empty if there is none.
     *
     * @throws BadTarget if {@code text} is no authority
     */
    static String host(String text) throws BadTarget {
        if (text.isEmpty()) {
            return "";
        }
        int end = text.charAt(0) == '[' ? address(text) : name(text);
        if (end < text.length()) {
            port(text, end);
        }
        int to = text.charAt(end - 1) == '.' ? end - 1 : end;
        String host = to == text.length() ? text : text.substring(0, to);
        for (int i = 0; i < host.length(); i++) {
            char c = host.charAt(i);
            if (c >= 'A' && c <= 'Z') {
                return host.toLowerCase(Locale.ROOT);
            }
        }
        return host;
    }

    /** Where the port begins in an authority that was found good, or -1 if it has none. */
    static int portOf(String text) {
        int colon = text.lastIndexOf(':');
        return colon < 0 || colon + 1 == text.length() || text.indexOf(']', colon) >= 0 ? -1 : colon + 1;
    }

    private static int name(String text) throws BadTarget {
        int i = 0;
        char before = '.';
        while (i < text.length() && text.charAt(i) != ':') {
            char c = text.charAt(i);
            boolean plain = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
            if (!plain && c != '-' && c != '_' && c != '~' && (c != '.' || before == '.')) {
                throw new BadTarget("bad host");
            }
            before = c;
            i++;
        }
        if (i == 0 || i > LONGEST) {
            throw new BadTarget("bad host");
        }
        return i;
    }

    private static int address(String text) throws BadTarget {
        int end = text.indexOf(']');
        if (end < 0 || text.indexOf('%') >= 0 || !NetUtil.isValidIpV6Address(text.substring(1, end))) {
            throw new BadTarget("bad host");
        }
        return end + 1;
    }

    private static void port(String text, int at) throws BadTarget {
        int port = 0;
        for (int i = at + 1; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') {
                throw new BadTarget("bad port");
            }
            port = port * 10 + c - '0';
            if (port > 0xffff) {
                throw new BadTarget("bad port");
            }
        }
        if (text.charAt(at) != ':') {
            throw new BadTarget("bad host");
        }
    }
}
