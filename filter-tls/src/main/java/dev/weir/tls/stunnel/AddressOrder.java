package dev.weir.tls.stunnel;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The order in which getaddrinfo has the addresses of a name (RFC 6724 §6, rules 1, 5 and 6); the JVM by itself takes all of IPv4 first, and its switch for that
 * concerns the whole process.
 */
final class AddressOrder {
    /** Of discard: nothing is sent. */
    private static final int ANY_PORT = 9;

    /** RFC 6724 §2.1. */
    private enum Label {
        LOOPBACK(50),
        IPV6(40),
        IPV4(35),
        SIX_TO_FOUR(30),
        TEREDO(5),
        LOCAL(3),
        COMPATIBLE(1);

        private final int precedence;

        Label(int precedence) {
            this.precedence = precedence;
        }

        static Label of(InetAddress ip) {
            byte[] bytes = ip.getAddress();
            if (!(ip instanceof Inet6Address ipv6)) {
                return IPV4;
            }
            if (ipv6.isLoopbackAddress()) {
                return LOOPBACK;
            }
            int first = (bytes[0] & 0xff) << 8 | bytes[1] & 0xff;
            int second = (bytes[2] & 0xff) << 8 | bytes[3] & 0xff;
            if (first == 0x2002) {
                return SIX_TO_FOUR;
            }
            if (first == 0x2001 && second == 0) {
                return TEREDO;
            }
            if ((first & 0xfe00) == 0xfc00) {
                return LOCAL;
            }
            return ipv6.isIPv4CompatibleAddress() ? COMPATIBLE : IPV6;
        }
    }

    private record Rated(InetAddress ip, boolean usable, boolean alike, int precedence) {}

    private AddressOrder() {}

    /** Keeps the order of those that are alike. Asks the system for routes, which does not wait for anybody. */
    static List<InetAddress> of(List<InetAddress> addresses) {
        if (addresses.stream().noneMatch(Inet6Address.class::isInstance)) {
            return addresses;
        }
        List<Rated> rated = new ArrayList<>();
        for (InetAddress ip : addresses) {
            InetAddress source = source(ip);
            Label label = Label.of(ip);
            rated.add(new Rated(ip, source != null, source != null && Label.of(source) == label, label.precedence));
        }
        rated.sort(Comparator.comparing((Rated one) -> !one.usable)
                .thenComparing(one -> !one.alike)
                .thenComparing(Rated::precedence, Comparator.reverseOrder()));
        return rated.stream().map(Rated::ip).toList();
    }

    /** From which address this machine would talk to it; null where it has no way to. */
    private static @Nullable InetAddress source(InetAddress to) {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(new InetSocketAddress(to, ANY_PORT));
            InetAddress from = socket.getLocalAddress();
            return from.isAnyLocalAddress() ? null : from;
        } catch (IOException | RuntimeException e) {
            return null;
        }
    }
}
