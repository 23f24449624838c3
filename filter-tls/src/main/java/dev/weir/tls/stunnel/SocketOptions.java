package dev.weir.tls.stunnel;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** {@code socket = a|l|r:OPTION=VALUE}: which ones there are, and what Weir has of them. */
final class SocketOptions {
    private static final Set<String> FLAGS = Set.of(
            "SO_DEBUG",
            "SO_DONTROUTE",
            "SO_KEEPALIVE",
            "SO_OOBINLINE",
            "SO_REUSEADDR",
            "TCP_NODELAY",
            "IP_FREEBIND",
            "IPV6_V6ONLY");

    private static final Set<String> NUMBERS = Set.of(
            "SO_RCVBUF",
            "SO_SNDBUF",
            "SO_RCVLOWAT",
            "SO_SNDLOWAT",
            "TCP_KEEPCNT",
            "TCP_KEEPIDLE",
            "TCP_KEEPINTVL",
            "IP_TOS",
            "IP_TTL");

    private static final Set<String> PAIRS = Set.of("SO_LINGER", "SO_RCVTIMEO", "SO_SNDTIMEO");
    private static final String PROBLEM = "Illegal socket option";

    private SocketOptions() {}

    static @Nullable String check(@Nullable String value) {
        Parts parts = value == null ? null : Parts.of(value);
        return parts == null ? PROBLEM : null;
    }

    /** {@code side:name=value}. */
    private record Parts(char side, String name, String value) {
        static @Nullable Parts of(String text) {
            int equals = text.indexOf('=');
            if (text.length() < 3 || text.charAt(1) != ':' || equals < 3) {
                return null;
            }
            char side = text.charAt(0);
            String name = text.substring(2, equals);
            String value = text.substring(equals + 1);
            boolean valid = "alr".indexOf(side) >= 0 && fits(name, value);
            return valid ? new Parts(side, name, value) : null;
        }

        private static boolean fits(String name, String value) {
            if (FLAGS.contains(name)) {
                return value.matches("[0-9]{1,9}") || value.matches("(?i)yes|no");
            }
            if (NUMBERS.contains(name)) {
                return value.matches("[0-9]{1,9}");
            }
            return PAIRS.contains(name) ? value.matches("[0-9]{1,9}:[0-9]{1,9}") : name.equals("SO_BINDTODEVICE");
        }

        boolean on() {
            return !value.equals("0") && !value.toLowerCase(Locale.ROOT).equals("no");
        }
    }

    /**
     * Puts them into the listeners and the cluster of a service.
     *
     * @param addresses where it listens, as Weir writes addresses
     */
    static void apply(
            Service service,
            Map<String, Object> listener,
            Map<String, Object> cluster,
            List<String> addresses,
            Findings findings) {
        for (Setting setting : service.all("socket")) {
            Parts parts = Parts.of(setting.value());
            if (parts == null) {
                continue;
            }
            Map<String, Object> target = parts.side == 'r' ? cluster : listener;
            boolean known = true;
            switch (parts.name) {
                case "TCP_NODELAY" -> target.put("tcp_nodelay", parts.on());
                case "SO_KEEPALIVE" -> target.put("keep_alive", parts.on());
                case "SO_BINDTODEVICE" -> device(setting, parts, addresses, findings);
                case "SO_REUSEADDR" -> known = parts.on() || parts.side != 'a';
                default -> known = false;
            }
            if (!known) {
                findings.warn(setting, "has no effect: sockets have the system's values for it");
            }
        }
    }

    /** It keeps others away, so it must not be lost. */
    private static void device(Setting setting, Parts parts, List<String> addresses, Findings findings) {
        boolean local = addresses.stream()
                .allMatch(address ->
                        address.startsWith("127.") || address.startsWith("[::1]:") || address.startsWith("unix:"));
        if (parts.side == 'a' && parts.value.equals("lo") && local) {
            return; // Who reaches a loopback address comes by this device.
        }
        findings.error(setting, "is not to be had (expected: accept on an address of that device)");
    }
}
