package dev.weir.mongo;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.bson.BsonArray;
import org.bson.BsonDocument;
import org.bson.BsonString;

/**
 * Makes a server that knows no compression one that does: offers a compressor in answers to hello, inflates requests,
 * and compresses the answers to requests that were compressed, as mongod does. Ids stay as they are.
 */
final class CompressionBridge implements AutoCloseable {
    private static final Set<String> HELLO = Set.of("hello", "isMaster", "ismaster");

    private final BridgeCompressor offered;
    private final BridgeCompressor answers;
    private final int minimum;
    private final MessageRelay relay;
    private final Map<BridgeCompressor, AtomicLong> inflated = new EnumMap<>(BridgeCompressor.class);
    private final Map<BridgeCompressor, AtomicLong> deflated = new EnumMap<>(BridgeCompressor.class);

    private CompressionBridge(int serverPort, BridgeCompressor offered, BridgeCompressor answers, int minimum)
            throws IOException {
        this.offered = offered;
        this.answers = answers;
        this.minimum = minimum;
        for (BridgeCompressor compressor : BridgeCompressor.values()) {
            inflated.put(compressor, new AtomicLong());
            deflated.put(compressor, new AtomicLong());
        }
        this.relay = new MessageRelay(serverPort, localPort -> new Talk());
    }

    /** Compresses every answer it may, with what the client was offered. */
    static CompressionBridge start(int serverPort, BridgeCompressor offered) throws IOException {
        return new CompressionBridge(serverPort, offered, offered, 0);
    }

    /**
     * Compresses with something else than what is offered, as either direction may.
     *
     * @param minimum bytes from which on an answer is compressed
     */
    static CompressionBridge start(int serverPort, BridgeCompressor offered, BridgeCompressor answers, int minimum)
            throws IOException {
        return new CompressionBridge(serverPort, offered, answers, minimum);
    }

    int port() {
        return relay.port();
    }

    /** How many requests came compressed with {@code compressor}. */
    long inflated(BridgeCompressor compressor) {
        return Objects.requireNonNull(inflated.get(compressor)).get();
    }

    /** How many answers went compressed with {@code compressor}. */
    long deflated(BridgeCompressor compressor) {
        return Objects.requireNonNull(deflated.get(compressor)).get();
    }

    @Override
    public void close() throws IOException {
        relay.close();
    }

    /** Of one connection. */
    private final class Talk implements MessageRelay.Link {
        /** Requests, and parts of streams of answers, whose answer may be compressed. */
        private final Set<Integer> compressed = ConcurrentHashMap.newKeySet();

        private volatile boolean wanted;

        @Override
        public void request(RelayMessage message, OutputStream server) throws IOException {
            RelayMessage plain = message;
            if (message.opcode() == Wire.OP_COMPRESSED) {
                plain = inflate(message);
                if (!plain.moreToCome()) {
                    compressed.add(message.requestId());
                }
            } else {
                wanted |= asks(message);
            }
            plain.write(server);
        }

        @Override
        public void answer(RelayMessage message, OutputStream client) throws IOException {
            boolean pack = compressed.remove(message.responseTo());
            if (pack && message.moreToCome()) {
                compressed.add(message.requestId());
            }
            RelayMessage told = wanted ? offer(message) : message;
            (pack && told.body().length >= minimum ? deflate(told) : told).write(client);
        }

        private boolean asks(RelayMessage message) {
            BsonDocument command = message.document();
            return command != null
                    && !command.isEmpty()
                    && HELLO.contains(command.getFirstKey())
                    && command.isArray("compression")
                    && command.getArray("compression").contains(new BsonString(offered.label()));
        }
    }

    private RelayMessage inflate(RelayMessage message) throws IOException {
        ByteBuffer body = ByteBuffer.wrap(message.body()).order(ByteOrder.LITTLE_ENDIAN);
        int opcode = body.getInt();
        int size = body.getInt();
        BridgeCompressor compressor = BridgeCompressor.values()[body.get()];
        byte[] packed = new byte[body.remaining()];
        body.get(packed);
        Objects.requireNonNull(inflated.get(compressor)).incrementAndGet();
        return message.with(opcode, compressor.inflate(packed, size));
    }

    private RelayMessage deflate(RelayMessage message) {
        RelayMessage plain = withoutChecksum(message);
        Objects.requireNonNull(deflated.get(answers)).incrementAndGet();
        return plain.packed(answers);
    }

    /** An answer to hello says what is offered; all others stay as they are. */
    private RelayMessage offer(RelayMessage message) {
        BsonDocument answer = message.document();
        if (answer == null || !answer.containsKey("maxWireVersion")) {
            return message;
        }
        BsonArray names = new BsonArray();
        names.add(new BsonString(offered.label()));
        byte[] document = WireClient.bytes(answer.append("compression", names));
        RelayMessage plain = withoutChecksum(message);
        int at = plain.documentAt();
        ByteBuffer body = ByteBuffer.allocate(at + document.length);
        body.put(plain.body(), 0, at).put(document);
        return plain.with(plain.opcode(), body.array());
    }

    private static RelayMessage withoutChecksum(RelayMessage message) {
        if ((message.flags() & Wire.CHECKSUM_PRESENT) == 0) {
            return message;
        }
        byte[] body = Arrays.copyOf(message.body(), message.body().length - 4);
        body[0] &= ~Wire.CHECKSUM_PRESENT;
        return message.with(message.opcode(), body);
    }
}
