package dev.weir.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2Exception;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Frames written by hand. */
final class RawHttp2 implements AutoCloseable {
    static final int DATA = 0;
    static final int HEADERS = 1;
    static final int PRIORITY = 2;
    static final int RST_STREAM = 3;
    static final int SETTINGS = 4;
    static final int PING = 6;
    static final int GOAWAY = 7;
    static final int WINDOW_UPDATE = 8;
    static final int CONTINUATION = 9;

    static final int END_STREAM = 1;
    static final int ACK = 1;
    static final int END_HEADERS = 4;

    static final int ENHANCE_YOUR_CALM = 11;
    static final int PROTOCOL_ERROR = 1;
    static final int REFUSED_STREAM = 7;

    /** A frame that came. */
    record Frame(int type, int flags, int stream, byte[] payload) {
        /** The code of RST_STREAM, or of GOAWAY. */
        int code() {
            int at = type == GOAWAY ? 4 : 0;
            return (payload[at] & 0xff) << 24
                    | (payload[at + 1] & 0xff) << 16
                    | (payload[at + 2] & 0xff) << 8
                    | payload[at + 3] & 0xff;
        }

        int lastStream() {
            return (payload[0] & 0x7f) << 24 | (payload[1] & 0xff) << 16 | (payload[2] & 0xff) << 8 | payload[3] & 0xff;
        }

        boolean ends() {
            return (flags & END_STREAM) != 0 && (type == DATA || type == HEADERS);
        }

        String text() {
            return new String(payload, StandardCharsets.ISO_8859_1);
        }
    }

    private final Socket socket;
    private final DataInputStream in;
    private final OutputStream out;
    private final DefaultHttp2HeadersEncoder hpack = new DefaultHttp2HeadersEncoder((name, value) -> true, true);
    private final DefaultHttp2HeadersDecoder unpack = new DefaultHttp2HeadersDecoder(false);
    private final ByteArrayOutputStream pending = new ByteArrayOutputStream();

    /** Connects and sends the preface with empty settings. */
    RawHttp2(int port) throws IOException {
        this(port, new byte[0]);
    }

    /** {@code settings} null: sends nothing. */
    RawHttp2(int port, byte @Nullable [] settings) throws IOException {
        this(new Socket(InetAddress.getLoopbackAddress(), port));
        if (settings == null) {
            return;
        }
        pending.writeBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        frame(SETTINGS, 0, 0, settings);
        flush();
    }

    /** The next connection that somebody makes to us, whose preface has come; our settings are sent. */
    static RawHttp2 accept(ServerSocket server, byte... settings) throws IOException {
        RawHttp2 accepted = new RawHttp2(server.accept());
        accepted.in.readFully(new byte[24]);
        accepted.frame(SETTINGS, 0, 0, settings).flush();
        return accepted;
    }

    private RawHttp2(Socket socket) throws IOException {
        this.socket = socket;
        socket.setSoTimeout(20_000);
        socket.setTcpNoDelay(true);
        in = new DataInputStream(socket.getInputStream());
        out = socket.getOutputStream();
    }

    /** What a block of headers says: a line for each. All blocks of a connection must be asked for, in their order. */
    String fields(Frame frame) throws Http2Exception {
        StringBuilder text = new StringBuilder();
        unpack.decodeHeaders(frame.stream(), Unpooled.wrappedBuffer(frame.payload()))
                .forEach(field -> text.append(field.getKey())
                        .append('=')
                        .append(field.getValue())
                        .append('\n'));
        return text.toString();
    }

    /** A setting. */
    static byte[] setting(int id, int value) {
        return new byte[] {
            (byte) (id >> 8), (byte) id, (byte) (value >> 24), (byte) (value >> 16), (byte) (value >> 8), (byte) value
        };
    }

    static byte[] number(int value) {
        return new byte[] {(byte) (value >> 24), (byte) (value >> 16), (byte) (value >> 8), (byte) value};
    }

    /** Adds a frame to what {@link #flush} sends. */
    RawHttp2 frame(int type, int flags, int stream, byte... payload) {
        pending.write(payload.length >> 16);
        pending.write(payload.length >> 8);
        pending.write(payload.length);
        pending.write(type);
        pending.write(flags);
        pending.writeBytes(number(stream));
        pending.writeBytes(payload);
        return this;
    }

    /** A block of headers: names and values in turns. */
    byte[] block(String... fields) {
        ByteBuf block = Unpooled.buffer();
        try {
            for (int i = 0; i < fields.length; i += 2) { // one by one: in their order
                hpack.encodeHeaders(1, new DefaultHttp2Headers(false).add(fields[i], fields[i + 1]), block);
            }
        } catch (Http2Exception e) {
            throw new IllegalArgumentException(e);
        }
        return ByteBufUtil.getBytes(block);
    }

    byte[] request(String method, String path, String... more) {
        List<String> fields = new ArrayList<>(
                List.of(":method", method, ":scheme", "http", ":authority", "test.example", ":path", path));
        fields.addAll(List.of(more));
        return block(fields.toArray(String[]::new));
    }

    RawHttp2 get(int stream, String path, String... more) {
        return frame(HEADERS, END_STREAM | END_HEADERS, stream, request("GET", path, more));
    }

    RawHttp2 post(int stream, String path, String... more) {
        return frame(HEADERS, END_HEADERS, stream, request("POST", path, more));
    }

    /** Sends; whether the other side still took it. */
    boolean flush() {
        try {
            out.write(pending.toByteArray());
            pending.reset();
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** Bytes as they are. */
    void bytes(byte... raw) throws IOException {
        out.write(raw);
    }

    /** The next frame; null at the end of the stream. */
    @Nullable
    Frame read() throws IOException {
        try {
            int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
            int type = in.readUnsignedByte();
            int flags = in.readUnsignedByte();
            int stream = in.readInt();
            byte[] payload = new byte[length];
            in.readFully(payload);
            return new Frame(type, flags, stream, payload);
        } catch (EOFException | SocketException e) {
            return null;
        }
    }

    /** The next frame of this type, null at the end. Pings and settings of the other side are answered. */
    @Nullable
    Frame await(int type) throws IOException {
        for (Frame frame = read(); frame != null; frame = read()) {
            if (frame.type() == type) {
                return frame;
            }
            if (frame.type() == SETTINGS && frame.flags() == 0) {
                frame(SETTINGS, ACK, 0).flush();
            } else if (frame.type() == PING && frame.flags() == 0) {
                frame(PING, ACK, 0, frame.payload()).flush();
            }
        }
        return null;
    }

    /** All frames until this one ends, or the other side hangs up. */
    List<Frame> until(int stream) throws IOException {
        List<Frame> all = new ArrayList<>();
        for (Frame frame = read(); frame != null; frame = read()) {
            all.add(frame);
            boolean reset = frame.type() == RST_STREAM && frame.stream() == stream;
            if (reset || frame.stream() == stream && frame.ends()) {
                break;
            }
        }
        return all;
    }

    /** The code of the GOAWAY that comes, and -1 if none does; then the end of the stream must follow. */
    int goAway() throws IOException {
        int code = -1;
        for (Frame frame = read(); frame != null; frame = read()) {
            if (frame.type() == GOAWAY) {
                code = frame.code();
            }
        }
        return code;
    }

    /** Closes it as one does who has no time for what is still under way. */
    void abort() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    void endOutput() throws IOException {
        socket.shutdownOutput();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
