package dev.weir.tls;

import dev.weir.core.tls.ClientHello;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Reads server name and application protocols of a ClientHello, which may lie in several records (RFC 8446 §5.1).
 *
 * <pre>
 *   record:    type=22 | version 3.x | length 2 | fragment …
 *   handshake: type=1 | length 3 | version 2 | random 32 | session id 1+n | suites 2+n | compression 1+n | extensions 2+n
 *   extension: type 2 | length 2 | …       server_name=0: list 2 | type=0 | length 2 | name
 *                                          alpn=16: list 2 | (length 1 | name)…
 * </pre>
 *
 * Copies the handshake message only where records divide it.
 */
final class ClientHelloReader {
    private static final int HANDSHAKE = 22;
    private static final int CLIENT_HELLO = 1;
    private static final int RECORD_HEAD = 5;
    private static final int HEAD = 4;
    private static final int LONGEST_RECORD = 1 << 14;
    private static final int LONGEST_HELLO = 32 << 10;
    private static final int FIXED = 2 + 32;
    private static final int SERVER_NAME = 0;
    private static final int ALPN = 16;
    private static final int LONGEST_NAME = 255;

    private ClientHelloReader() {}

    /** See {@link dev.weir.core.tls.TlsSupport#hello}. */
    static @Nullable ClientHello read(ByteBuf data) {
        int at = data.readerIndex();
        int end = data.writerIndex();
        for (int i = 0; i < 3 && at + i < end; i++) {
            int b = data.getUnsignedByte(at + i);
            if (i == 0 && b != HANDSHAKE || i == 1 && b != 3 || i == 2 && b > 4) {
                return ClientHello.NONE;
            }
        }
        if (end - at < RECORD_HEAD + 1) {
            return null;
        }
        int record = data.getUnsignedShort(at + 3);
        if (data.getUnsignedByte(at + RECORD_HEAD) != CLIENT_HELLO || record == 0 || record > LONGEST_RECORD) {
            return ClientHello.NONE;
        }
        if (record < HEAD) {
            return joined(data, at, end);
        }
        if (end - at < RECORD_HEAD + HEAD) {
            return null;
        }
        int wanted = data.getUnsignedMedium(at + RECORD_HEAD + 1);
        if (wanted > LONGEST_HELLO) {
            return ClientHello.NONE;
        }
        if (record < HEAD + wanted) {
            return joined(data, at, end);
        }
        int body = at + RECORD_HEAD + HEAD;
        return end - body < wanted ? null : parse(data, body, body + wanted);
    }

    /** Puts together what lies in several records. */
    private static @Nullable ClientHello joined(ByteBuf data, int start, int end) {
        ByteBuf message = Unpooled.buffer(Math.min(end - start, LONGEST_HELLO));
        for (int at = start; end - at >= RECORD_HEAD; ) {
            int size = data.getUnsignedShort(at + 3);
            if (data.getUnsignedByte(at) != HANDSHAKE || size == 0 || size > LONGEST_RECORD) {
                return ClientHello.NONE;
            }
            message.writeBytes(data, at + RECORD_HEAD, Math.min(size, end - at - RECORD_HEAD));
            at += RECORD_HEAD + size;
            if (message.readableBytes() < HEAD) {
                continue;
            }
            int wanted = message.getUnsignedMedium(1);
            if (wanted > LONGEST_HELLO) {
                return ClientHello.NONE;
            }
            if (message.readableBytes() >= HEAD + wanted) {
                return parse(message, HEAD, HEAD + wanted);
            }
        }
        return null;
    }

    private static ClientHello parse(ByteBuf data, int start, int end) {
        int at = start + FIXED;
        at = skip(data, at, end, 1);
        at = skip(data, at, end, 2);
        at = skip(data, at, end, 1);
        if (at < 0) {
            return ClientHello.NONE;
        }
        String name = null;
        List<String> protocols = List.of();
        int all = at + 2 <= end ? Math.min(end, at + 2 + data.getUnsignedShort(at)) : at;
        for (at += 2; at + 4 <= all; ) {
            int type = data.getUnsignedShort(at);
            int from = at + 4;
            int to = from + data.getUnsignedShort(at + 2);
            if (to > all) {
                return ClientHello.NONE;
            }
            if (type == SERVER_NAME) {
                name = name(data, from, to);
            } else if (type == ALPN) {
                protocols = protocols(data, from, to);
            }
            at = to;
        }
        return new ClientHello(true, name, protocols);
    }

    /** Behind a field with a length of {@code width} bytes before it; -1 if it does not end. */
    private static int skip(ByteBuf data, int at, int end, int width) {
        if (at < 0 || at + width > end) {
            return -1;
        }
        int next = at + width + (width == 1 ? data.getUnsignedByte(at) : data.getUnsignedShort(at));
        return next > end ? -1 : next;
    }

    private static @Nullable String name(ByteBuf data, int from, int to) {
        if (to - from < 5 || data.getByte(from + 2) != 0) {
            return null;
        }
        int length = data.getUnsignedShort(from + 3);
        if (length == 0 || length > LONGEST_NAME || from + 5 + length > to) {
            return null;
        }
        String name = data.toString(from + 5, length, StandardCharsets.US_ASCII).toLowerCase(Locale.ROOT);
        return name.chars().allMatch(c -> c > ' ' && c < 127) ? name : null;
    }

    private static List<String> protocols(ByteBuf data, int from, int to) {
        List<String> found = new ArrayList<>();
        int at = from + 2;
        while (at < to) {
            int length = data.getUnsignedByte(at);
            if (length == 0 || at + 1 + length > to) {
                return found;
            }
            found.add(data.toString(at + 1, length, StandardCharsets.ISO_8859_1));
            at += 1 + length;
        }
        return found;
    }
}
