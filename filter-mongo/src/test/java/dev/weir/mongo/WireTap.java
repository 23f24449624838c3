package dev.weir.mongo;

import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * Between a driver and a Weir, it notes the headers of all messages, which travel plain: events of drivers name the id of
 * their request, exchanges the port of their client, which is that of the tap.
 */
final class WireTap implements AutoCloseable {
    /** A message: what its header says. */
    record Noted(boolean request, int requestId, int responseTo, int opcode, int length) {}

    private final Map<Integer, List<Noted>> connections = new ConcurrentSkipListMap<>();
    private final Map<Integer, Integer> ports = new ConcurrentHashMap<>();
    private final MessageRelay relay;

    WireTap(int weirPort) throws IOException {
        relay = new MessageRelay(weirPort, this::open);
    }

    /** Where drivers connect to. */
    int port() {
        return relay.port();
    }

    /** By the client port that Weir sees, in the order in which they were passed on. */
    Map<Integer, List<Noted>> connections() {
        return connections;
    }

    /** The connection on which a request was sent. */
    int portOf(int requestId) {
        Integer port = ports.get(requestId);
        if (port == null) {
            throw new IllegalArgumentException("no request " + requestId + " was sent");
        }
        return port;
    }

    private MessageRelay.Link open(int localPort) {
        List<Noted> notes = new ArrayList<>();
        connections.put(localPort, notes);
        return new MessageRelay.Link() {
            @Override
            public void request(RelayMessage message, OutputStream server) throws IOException {
                ports.put(message.requestId(), localPort);
                note(true, message);
                message.write(server);
            }

            @Override
            public void answer(RelayMessage message, OutputStream client) throws IOException {
                note(false, message);
                message.write(client);
            }

            private void note(boolean request, RelayMessage m) {
                synchronized (notes) {
                    notes.add(new Noted(request, m.requestId(), m.responseTo(), m.opcode(), m.length()));
                }
            }
        };
    }

    @Override
    public void close() throws IOException {
        relay.close();
    }
}
