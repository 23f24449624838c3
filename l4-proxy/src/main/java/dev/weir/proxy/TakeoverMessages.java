package dev.weir.proxy;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.weir.core.ListenSocket;
import dev.weir.core.config.Address;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What two processes say to each other when one takes the place of the other: a JSON object a line, each side in turn.
 *
 * <pre>
 *   new                                   old
 *   {"takeover": 1, "version": …}   ─▶
 *                                   ◀─    {"takeover": 1, "version": …, "sockets": [{kind, name, configured, address}, …]}
 *   {"send": first}                 ─▶
 *                                   ◀─    descriptors of at most {@value #BATCH} sockets, one per byte; and so on until all are there
 *   {"in_force": [address, …]}      ─▶    (it accepts at these addresses)
 *                                   ◀─    {"draining": true}
 * </pre>
 *
 * {@code {"error": text}} in the place of an answer ends it.
 */
final class TakeoverMessages {
    static final int PROTOCOL = 1;
    /** So many descriptors fit into the buffer of a socket. */
    static final int BATCH = 32;
    /** Longest line: some ten thousand sockets. */
    static final int MAX_LINE = 4 << 20;

    private TakeoverMessages() {}

    /** A line. */
    static ByteBuf line(Map<String, ?> message) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = Json.generator(text)) {
            Json.write(json, message);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Unpooled.copiedBuffer(text + "\n", StandardCharsets.UTF_8);
    }

    /** Reads a line; empty if it is no JSON object. */
    static Map<?, ?> read(String line) {
        try {
            return Json.read(line) instanceof Map<?, ?> map ? map : Map.of();
        } catch (IOException e) {
            return Map.of();
        }
    }

    static Map<String, ?> hello() {
        return Map.of("takeover", PROTOCOL, "version", Version.text());
    }

    /** Why {@code message} is no hello that can be answered, or null. */
    static @Nullable String problem(Map<?, ?> message) {
        Object protocol = message.get("takeover");
        if (!(protocol instanceof Number number)) {
            return "no takeover message";
        }
        return number.intValue() == PROTOCOL
                ? null
                : "protocol " + number + " of the takeover, of version " + message.get("version") + " (expected: "
                        + PROTOCOL + ")";
    }

    static Map<String, Object> offer(List<ListenSocket> listeners, @Nullable ListenSocket admin) {
        List<Map<String, Object>> sockets = new ArrayList<>();
        listeners.forEach(socket -> sockets.add(plain("listener", socket)));
        if (admin != null) {
            sockets.add(plain("admin", admin));
        }
        Map<String, Object> offer = new LinkedHashMap<>(hello());
        offer.put("sockets", sockets);
        return offer;
    }

    private static Map<String, Object> plain(String kind, ListenSocket socket) {
        Map<String, Object> plain = new LinkedHashMap<>();
        plain.put("kind", kind);
        plain.put("name", socket.name());
        if (socket.configured() != null) {
            plain.put("configured", socket.configured().toString());
        }
        plain.put("address", socket.bound().toString());
        return plain;
    }

    /** What is offered, in order. */
    static List<Map<?, ?>> offered(Map<?, ?> offer) {
        List<Map<?, ?>> sockets = new ArrayList<>();
        if (offer.get("sockets") instanceof List<?> list) {
            list.forEach(one -> sockets.add(one instanceof Map<?, ?> map ? map : Map.of()));
        }
        return sockets;
    }

    /** The sockets that came for an offer. */
    static Inherited inherited(List<Map<?, ?>> offered, List<Integer> descriptors) {
        List<ListenSocket> listeners = new ArrayList<>();
        ListenSocket admin = null;
        for (int i = 0; i < offered.size(); i++) {
            Map<?, ?> one = offered.get(i);
            Object configured = one.get("configured");
            ListenSocket socket = new ListenSocket(
                    String.valueOf(one.get("name")),
                    configured == null ? null : Address.parse(String.valueOf(configured)),
                    Address.parse(String.valueOf(one.get("address"))),
                    descriptors.get(i));
            if ("admin".equals(one.get("kind"))) {
                admin = socket;
            } else {
                listeners.add(socket);
            }
        }
        return new Inherited(listeners, admin);
    }

    static Map<String, ?> inForce(List<Address> addresses) {
        return Map.of(
                "in_force", addresses.stream().map(Address::toString).distinct().toList());
    }
}
