package dev.weir.tls.stunnel;

import dev.weir.core.config.Address;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Addresses as stunnel writes them: {@code port}, {@code host:port} divided at the last colon, {@code /unix/path}. */
final class StunnelAddress {
    private static final String ANY_IPV4 = "0.0.0.0";
    private static final List<String> LOCALHOST = List.of("127.0.0.1", "::1");

    private StunnelAddress() {}

    /** Where to listen: a name is all of its addresses. Empty after a report. */
    static List<Address> accept(Service service, Setting setting, Findings findings) {
        String text = setting.value();
        if (text.startsWith("/")) {
            return List.of(new Address(text, -1));
        }
        int port = port(text, findings);
        String host = host(text);
        List<Address> found = new ArrayList<>();
        for (String ip : port < 0 ? List.<String>of() : addresses(host == null ? ANY_IPV4 : host, findings)) {
            found.add(new Address(ip, port));
        }
        if (found.isEmpty()) {
            findings.error(service, "Cannot resolve accept target \"" + text + "\"");
        }
        return found;
    }

    /** Where to connect to: names stay names. Empty after a report. */
    static List<Address> connect(Service service, Setting setting, Findings findings) {
        String text = setting.value();
        if (text.startsWith("/")) {
            return List.of(new Address(text, -1));
        }
        int port = port(text, findings);
        String host = host(text);
        if (port <= 0 || host != null && bad(host)) {
            findings.error(
                    service, "Cannot resolve connect target \"" + text + "\" (expected: port, host:port or /path)");
            return List.of();
        }
        if (host == null || host.equals("localhost")) {
            return LOCALHOST.stream().map(ip -> new Address(ip, port)).toList();
        }
        return List.of(new Address(bare(host), port));
    }

    /** The address of a host that has been found before. */
    static String ip(String host) {
        try {
            return NetUtil.toAddressString(InetAddress.getByName(bare(host)));
        } catch (UnknownHostException e) {
            return host;
        }
    }

    /** The host of an address as the file has it, or null if it has none. */
    static @Nullable String host(String text) {
        int colon = text.lastIndexOf(':');
        return text.startsWith("/") || colon < 0 ? null : text.substring(0, colon);
    }

    private static boolean bad(String host) {
        String bare = bare(host);
        boolean colons = bare.indexOf(':') >= 0;
        return bare.isEmpty()
                || bare.chars().anyMatch(c -> c <= ' ' || c == '/')
                || colons && !NetUtil.isValidIpV6Address(bare);
    }

    /** Without the brackets that some write around IPv6 addresses. */
    private static String bare(String host) {
        return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    }

    private static int port(String text, Findings findings) {
        String port = text.substring(text.lastIndexOf(':') + 1);
        if (port.matches("[0-9]{1,5}")) {
            int number = Integer.parseInt(port);
            if (number > 65_535) {
                findings.error("Port \"" + port + "\" (expected: 0..65535)");
                return -1;
            }
            return number;
        }
        int known = service(port);
        if (known < 0) {
            findings.error("Unknown TCP service \"" + port + "\"");
        }
        return known;
    }

    private static List<String> addresses(String host, Findings findings) {
        String bare = bare(host);
        if (bare.isEmpty()) {
            return List.of();
        }
        List<String> found = new ArrayList<>();
        try {
            for (InetAddress address : InetAddress.getAllByName(bare)) {
                found.add(NetUtil.toAddressString(address));
            }
        } catch (UnknownHostException e) {
            findings.error("Error resolving \"" + host + "\": Neither nodename nor servname known (EAI_NONAME)");
        }
        return found;
    }

    /** The port of a name in /etc/services, or -1. */
    private static int service(String name) {
        if (!name.matches("[A-Za-z0-9_+.-]{1,64}")) {
            return -1;
        }
        try (var lines = Files.lines(Path.of("/etc/services"), StandardCharsets.ISO_8859_1)) {
            return lines.mapToInt(line -> port(line, name))
                    .filter(port -> port > 0)
                    .findFirst()
                    .orElse(-1);
        } catch (IOException | java.io.UncheckedIOException e) {
            return -1;
        }
    }

    private static int port(String line, String name) {
        String[] fields = line.replaceAll("#.*", "").trim().split("\\s+", -1);
        if (fields.length < 2 || !fields[1].matches("[0-9]{1,5}/tcp")) {
            return -1;
        }
        for (int i = 0; i < fields.length; i++) {
            if (i != 1 && fields[i].equals(name)) {
                return Integer.parseInt(fields[1].substring(0, fields[1].indexOf('/')));
            }
        }
        return -1;
    }
}
