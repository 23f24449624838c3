package dev.weir.mongo;

import java.io.IOException;
import java.io.OutputStream;
import java.util.HashMap;
import java.util.Map;

/**
 * Makes the answers of a stream name the one before them, as mongod does and the Java driver insists on. SecantusDB has all of them
 * name the request, which PyMongo does not mind.
 */
final class StreamIds implements MessageRelay.Link {
    /** The last answer so far, by what the server says it answers. Answers are passed on by one thread. */
    private final Map<Integer, Integer> streams = new HashMap<>();

    @Override
    public void request(RelayMessage message, OutputStream server) throws IOException {
        message.write(server);
    }

    @Override
    public void answer(RelayMessage message, OutputStream client) throws IOException {
        Integer before = streams.remove(message.responseTo());
        if (message.moreToCome()) {
            streams.put(message.responseTo(), message.requestId());
        }
        int responseTo = before == null ? message.responseTo() : before;
        new RelayMessage(message.requestId(), responseTo, message.opcode(), message.body()).write(client);
    }
}
