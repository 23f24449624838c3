package dev.weir.proxy;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Keeps web pages out: a page in a browser of this machine can send requests to loopback addresses. By the Host
 * header it cannot pose as us when its name was pointed at our address (DNS rebinding), and by the Origin header its
 * requests are told from those of our own page.
 */
final class AdminGuard {
    private final Set<String> names = new HashSet<>();

    AdminGuard(List<String> hosts) {
        names.add("localhost");
        hosts.forEach(host -> names.add(host.toLowerCase(Locale.ROOT)));
    }

    /** Throws if the request is not to be served. */
    void check(HttpRequest request, SocketAddress local) {
        HttpHeaders headers = request.headers();
        List<String> hosts = headers.getAll(HttpHeaderNames.HOST);
        if (hosts.size() > 1 || hosts.isEmpty() && request.protocolVersion().equals(HttpVersion.HTTP_1_1)) {
            throw new AdminException(HttpResponseStatus.BAD_REQUEST, "Host: " + hosts.size() + " (expected: one)");
        }
        if (!hosts.isEmpty() && local instanceof InetSocketAddress inet && !known(name(hosts.get(0)), inet)) {
            throw new AdminException(
                    HttpResponseStatus.FORBIDDEN,
                    "Host: \"" + shorten(hosts.get(0)) + "\" (expected: a loopback name, the address the admin server "
                            + "is bound to, or a name in admin.hosts)");
        }
        checkOrigin(request, hosts.isEmpty() ? null : hosts.get(0));
    }

    private static void checkOrigin(HttpRequest request, @Nullable String host) {
        HttpHeaders headers = request.headers();
        boolean changes = request.method().equals(HttpMethod.POST);
        String origin = headers.get(HttpHeaderNames.ORIGIN);
        if (changes && origin != null && !origin.equalsIgnoreCase("http://" + host)) {
            throw new AdminException(
                    HttpResponseStatus.FORBIDDEN,
                    "Origin: \"" + shorten(origin) + "\" (expected: a request of this server's own page)");
        }
        String site = headers.get("Sec-Fetch-Site");
        boolean foreign = "cross-site".equals(site) || "same-site".equals(site);
        if (foreign && (changes || !"navigate".equals(headers.get("Sec-Fetch-Mode")))) {
            throw new AdminException(
                    HttpResponseStatus.FORBIDDEN,
                    "Sec-Fetch-Site: \"" + site + "\" (expected: a request of this server's own page)");
        }
    }

    private boolean known(@Nullable String name, InetSocketAddress local) {
        if (name == null) {
            return false;
        }
        if (names.contains(name)) {
            return true;
        }
        InetAddress address = literal(name);
        return address != null && (address.isLoopbackAddress() || address.equals(local.getAddress()));
    }

    private static @Nullable InetAddress literal(String name) {
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(name);
        try {
            return bytes == null ? null : InetAddress.getByAddress(bytes);
        } catch (java.net.UnknownHostException impossible) {
            return null;
        }
    }

    /** The name in {@code name}, {@code name:port} or {@code [v6]:port}; null if it is none of these. */
    private static @Nullable String name(String host) {
        String name = host.toLowerCase(Locale.ROOT);
        int end = name.length();
        if (name.startsWith("[")) {
            end = name.indexOf(']') + 1;
            if (end == 0) {
                return null;
            }
        } else if (name.indexOf(':') >= 0) {
            end = name.indexOf(':');
        }
        String port = name.substring(end);
        boolean valid = port.isEmpty()
                || port.startsWith(":") && port.substring(1).chars().allMatch(c -> c >= '0' && c <= '9');
        String bare = name.startsWith("[") ? name.substring(1, end - 1) : name.substring(0, end);
        return valid && !bare.isEmpty() ? bare : null;
    }

    private static String shorten(String text) {
        return text.length() > 100 ? text.substring(0, 100) + "…" : text;
    }
}
