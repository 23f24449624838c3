package dev.weir.redis;

import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.ConfigNode.Positioned;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A server of a pool: {@code host:port:weight [name]} or {@code /path:weight [name]}.
 *
 * @param address where it is, as Weir writes it
 * @param weight its share
 * @param name the name that the file gives it, or null
 * @param ringName what is hashed, and what it is called in the statistics
 */
record NutcrackerServer(
        String address, int weight, @Nullable String name, String ringName) {
    private static final String EXPECTED = " (expected: host:port:weight [name] or /path:weight [name])";
    private static final int MEMCACHED = 11211;
    private static final int MOST = 1_000_000;

    /** The order of twemproxy: shorter names first, else by their bytes. */
    static final Comparator<NutcrackerServer> ORDER = Comparator.<NutcrackerServer>comparingInt(
                    server -> bytes(server).length)
            .thenComparing(NutcrackerServer::bytes, Arrays::compareUnsigned);

    private static byte[] bytes(NutcrackerServer server) {
        return server.ringName.getBytes(StandardCharsets.UTF_8);
    }

    /** Reads one; null after a report. */
    static @Nullable NutcrackerServer read(ConfigNode node) {
        if (node.isMap() || node.isList() || node.plain() == null) {
            node.error((node.isMap() ? "a map" : node.isList() ? "a list" : "nothing") + EXPECTED);
            return null;
        }
        String text = node.text();
        int space = text.indexOf(' ');
        String name = space < 0 ? null : text.substring(space + 1);
        String place = space < 0 ? text : text.substring(0, space);
        int last = place.lastIndexOf(':');
        if (last <= 0 || name != null && name.indexOf(' ') >= 0) {
            node.error("\"" + text + "\"" + EXPECTED);
            return null;
        }
        int weight = NutcrackerFields.digits(place.substring(last + 1));
        if (weight < 1 || weight > MOST) {
            node.error("\"" + text + "\", weight \"" + place.substring(last + 1) + "\" (expected: 1.." + MOST + ")");
            return null;
        }
        return read(node, text, place.substring(0, last), weight, name == null || name.isEmpty() ? null : name);
    }

    private static @Nullable NutcrackerServer read(
            ConfigNode node, String text, String place, int weight, @Nullable String name) {
        if (place.startsWith("/")) {
            return new NutcrackerServer("unix:" + place, weight, name, name == null ? place + ":" : name);
        }
        int colon = place.lastIndexOf(':');
        String address = colon <= 0 ? null : address(place.substring(0, colon), place.substring(colon + 1));
        if (address == null) {
            node.error("\"" + text + "\"" + EXPECTED);
            return null;
        }
        boolean bare = NutcrackerFields.digits(place.substring(colon + 1)) == MEMCACHED;
        String ringName = bare ? place.substring(0, colon) : place;
        return new NutcrackerServer(address, weight, name, name == null ? ringName : name);
    }

    /** A host, perhaps an IPv6 address without brackets, and a port of 1 or more, as Weir writes them; null if they are none. */
    static @Nullable String address(String host, String port) {
        int number = NutcrackerFields.digits(port);
        if (number < 1 || host.startsWith("[")) {
            return null;
        }
        try {
            return Address.parse((host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + number)
                    .toString();
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** As an endpoint of a cluster. */
    Object endpoint(ConfigNode node, boolean weighted) {
        Object address = node.line() == 0 ? this.address : new Positioned(this.address, node.line(), node.column());
        Map<String, Object> endpoint = new LinkedHashMap<>();
        endpoint.put("address", address);
        if (weighted && weight != 1) {
            endpoint.put("weight", weight);
        }
        if (name != null) {
            endpoint.put("name", name);
        }
        return endpoint.size() == 1 ? address : endpoint;
    }
}
