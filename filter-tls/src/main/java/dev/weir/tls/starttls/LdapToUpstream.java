package dev.weir.tls.starttls;

import static dev.weir.core.filter.Side.UPSTREAM;

import dev.weir.core.filter.Side;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/**
 * LDAP (RFC 4511 §4.14) toward a server: the extended operation StartTLS, and its answer.
 *
 * <pre>
 *   30 len  02 01 id  77 len  80 16 "1.3.6.1.4.1.1466.20037"
 *   30 len  02 01 id  78 len  0A 01 resultCode  …
 * </pre>
 */
final class LdapToUpstream extends Talk {
    private static final String OID = "1.3.6.1.4.1.1466.20037";
    private static final int ID = 1;
    /** Nobody has more to say to that. */
    private static final int MAX_ANSWER = 4_096;

    @Override
    void begin(Wire wire) {
        byte[] oid = OID.getBytes(StandardCharsets.US_ASCII);
        wire.send(
                UPSTREAM,
                java.nio.ByteBuffer.allocate(9 + oid.length)
                        .put(new byte[] {0x30, (byte) (7 + oid.length), 0x02, 0x01, ID})
                        .put(new byte[] {0x77, (byte) (2 + oid.length), (byte) 0x80, (byte) oid.length})
                        .put(oid)
                        .array());
        wire.listen(UPSTREAM);
    }

    @Override
    int read(Wire wire, Side from, ByteBuf data) {
        int start = data.readerIndex();
        int have = data.readableBytes();
        if (data.getByte(start) != 0x30) {
            wire.fail(UPSTREAM, "an answer that is no LDAP message");
            return have;
        }
        long header = header(data, start, have);
        if (header == 0) {
            return 0;
        }
        int first = (int) (header >>> 32);
        int length = (int) header;
        if (length < 0 || length > MAX_ANSWER) {
            wire.fail(UPSTREAM, "an LDAP answer of a length that is none");
            return have;
        }
        if (have < first + length) {
            return 0;
        }
        String problem = problem(data.slice(start + first, length));
        if (problem == null) {
            wire.startTls();
        } else {
            wire.fail(UPSTREAM, problem);
        }
        return first + length;
    }

    /** Bytes of tag and length in the upper half, the length in the lower one, negative if it is none; 0 if more bytes are needed. */
    private static long header(ByteBuf data, int at, int have) {
        if (have < 2) {
            return 0;
        }
        int length = data.getUnsignedByte(at + 1);
        if (length < 0x80) {
            return 2L << 32 | length;
        }
        int bytes = length & 0x7f;
        if (bytes == 0 || bytes > 4) {
            return 2L << 32 | 0xffff_ffffL;
        }
        if (have < 2 + bytes) {
            return 0;
        }
        int value = 0;
        for (int i = 0; i < bytes; i++) {
            value = value << 8 | data.getUnsignedByte(at + 2 + i);
        }
        return (long) (2 + bytes) << 32 | value & 0xffff_ffffL;
    }

    /** What is wrong with the inside of the answer; null if it is the one hoped for. */
    private static @org.jspecify.annotations.Nullable String problem(ByteBuf message) {
        int end = message.readableBytes();
        if (end < 3 || message.getByte(0) != 0x02 || message.getByte(1) != 1 || message.getByte(2) != ID) {
            return "an LDAP answer to something else";
        }
        long operation = end < 4 ? 0 : header(message, 3, end - 3);
        int at = 3 + (int) (operation >>> 32);
        if (operation == 0 || message.getByte(3) != 0x78 || (int) operation < 3 || end < at + 3) {
            return "no LDAP ExtendedResponse";
        }
        if (message.getByte(at) != 0x0a || message.getByte(at + 1) != 1) {
            return "an LDAP answer without a result";
        }
        int result = message.getUnsignedByte(at + 2);
        return result == 0 ? null : "LDAP result " + result + " to StartTLS";
    }
}
