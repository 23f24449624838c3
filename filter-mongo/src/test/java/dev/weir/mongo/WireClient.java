package dev.weir.mongo;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bson.BsonBinaryReader;
import org.bson.BsonBinaryWriter;
import org.bson.BsonDocument;
import org.bson.codecs.BsonDocumentCodec;
import org.bson.codecs.DecoderContext;
import org.bson.codecs.EncoderContext;
import org.bson.io.BasicOutputBuffer;

/** A client without a driver: whole messages, one after the other, on a connection of its own. */
public final class WireClient implements AutoCloseable {
    private static final int PATIENCE_MILLIS = 60_000;
    private static final int HEADER = 16;
    private static final int OP_MSG = 2013;
    private static final int BEFORE_DOCUMENT = HEADER + 5;

    private final Socket socket = new Socket();
    private int requests;

    /** Connects to a port of this host. */
    public WireClient(int port) throws IOException {
        try {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), PATIENCE_MILLIS);
            socket.setSoTimeout(PATIENCE_MILLIS);
            socket.setTcpNoDelay(true);
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    /** Sends a command in OP_MSG and returns the answer to it. */
    public BsonDocument ask(BsonDocument command) throws IOException {
        int id = ++requests;
        send(message(id, 0, command));
        byte[] answer = receive();
        ByteBuffer head = ByteBuffer.wrap(answer).order(ByteOrder.LITTLE_ENDIAN);
        if (answer.length < BEFORE_DOCUMENT || head.getInt(8) != id || head.getInt(12) != OP_MSG) {
            throw new IOException("an answer of " + answer.length + " bytes to " + head.getInt(8) + " with opcode "
                    + head.getInt(12) + " (expected: OP_MSG to " + id + ")");
        }
        return document(answer, BEFORE_DOCUMENT);
    }

    /** An OP_MSG with one section. */
    public static byte[] message(int id, int flags, BsonDocument document) {
        byte[] body = bytes(document);
        return ByteBuffer.allocate(BEFORE_DOCUMENT + body.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(BEFORE_DOCUMENT + body.length)
                .putInt(id)
                .putInt(0)
                .putInt(OP_MSG)
                .putInt(flags)
                .put((byte) 0)
                .put(body)
                .array();
    }

    /** A document in BSON. */
    static byte[] bytes(BsonDocument document) {
        try (BasicOutputBuffer buffer = new BasicOutputBuffer();
                BsonBinaryWriter writer = new BsonBinaryWriter(buffer)) {
            new BsonDocumentCodec()
                    .encode(writer, document, EncoderContext.builder().build());
            return buffer.toByteArray();
        }
    }

    /** The document that begins at {@code from}. */
    static BsonDocument document(byte[] bytes, int from) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes, from, bytes.length - from);
        try (BsonBinaryReader reader = new BsonBinaryReader(buffer.slice().order(ByteOrder.LITTLE_ENDIAN))) {
            return new BsonDocumentCodec()
                    .decode(reader, DecoderContext.builder().build());
        }
    }

    /** Sends bytes as they are. */
    public void send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
    }

    /** The next message, header and all. */
    public byte[] receive() throws IOException {
        DataInputStream in = new DataInputStream(socket.getInputStream());
        int length = Integer.reverseBytes(in.readInt());
        if (length < HEADER || length > Wire.MAX_MESSAGE) {
            throw new IOException("a message of " + length + " bytes");
        }
        byte[] message = new byte[length];
        ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN).putInt(length);
        in.readFully(message, 4, length - 4);
        return message;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
