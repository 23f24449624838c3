package dev.weir.tls.starttls;

import static dev.weir.core.filter.Side.CLIENT;
import static dev.weir.core.filter.Side.UPSTREAM;

import dev.weir.core.filter.Side;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/**
 * PostgreSQL (protocol 3.0, §53.2.10). A client asks in the place of its first message:
 *
 * <pre>
 *   [int32 length = 8] [int32 code: 80877103 SSLRequest, 80877104 GSSENCRequest]   answer: one byte, S or N
 * </pre>
 */
final class Pgsql {
    private static final int LENGTH = 8;
    private static final int SSL = 80_877_103;
    private static final int GSS = 80_877_104;
    private static final int MAX_ASKED = 4;

    private Pgsql() {}

    private static boolean asks(ByteBuf data, int code) {
        return data.getInt(data.readerIndex()) == LENGTH && data.getInt(data.readerIndex() + 4) == code;
    }

    /** Says yes to a client that wants TLS, and lets in no other. */
    static final class ToClient extends Talk {
        private int asked;

        @Override
        void begin(Wire wire) {
            wire.listen(CLIENT);
        }

        @Override
        int read(Wire wire, Side from, ByteBuf data) {
            if (data.readableBytes() < LENGTH) {
                return 0;
            }
            if (asks(data, SSL)) {
                wire.send(CLIENT, "S");
                wire.startTls();
            } else if (asks(data, GSS) && ++asked < MAX_ASKED) {
                wire.send(CLIENT, "N");
            } else {
                wire.send(CLIENT, refusal());
                wire.fail(CLIENT, "a PostgreSQL client that does not ask for TLS");
            }
            return LENGTH;
        }

        /** An ErrorResponse, as a server sends it that has no other entry for this client. */
        private static byte[] refusal() {
            String fields = "SFATAL\0VFATAL\0C28000\0MTLS is required here\0\0";
            byte[] text = fields.getBytes(StandardCharsets.US_ASCII);
            return java.nio.ByteBuffer.allocate(5 + text.length)
                    .put((byte) 'E')
                    .putInt(4 + text.length)
                    .put(text)
                    .array();
        }
    }

    /** Asks a server for TLS; then tells a client that asks, too, that here it needs none. */
    static final class ToUpstream extends Talk {
        private boolean secured;
        private int asked;

        @Override
        void begin(Wire wire) {
            wire.send(UPSTREAM, request());
            wire.listen(UPSTREAM);
        }

        private static byte[] request() {
            return java.nio.ByteBuffer.allocate(LENGTH)
                    .putInt(LENGTH)
                    .putInt(SSL)
                    .array();
        }

        @Override
        int read(Wire wire, Side from, ByteBuf data) {
            if (secured) {
                return fromClient(wire, data);
            }
            if (data.getByte(data.readerIndex()) == 'S') {
                wire.startTls();
            } else {
                wire.fail(UPSTREAM, "a PostgreSQL server without TLS");
            }
            return 1;
        }

        private int fromClient(Wire wire, ByteBuf data) {
            if (data.readableBytes() < LENGTH && data.getByte(data.readerIndex()) == 0) {
                return 0;
            }
            if (data.readableBytes() >= LENGTH && ++asked < MAX_ASKED && (asks(data, SSL) || asks(data, GSS))) {
                wire.send(CLIENT, "N");
                return LENGTH;
            }
            wire.open();
            return 0;
        }

        @Override
        void secured(Wire wire) {
            secured = true;
            wire.listen(CLIENT);
        }
    }
}
