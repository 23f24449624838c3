package dev.weir.http;

import io.netty.buffer.ByteBuf;

/**
 * Counts the messages of one direction.
 *
 * <pre>
 *   ┌───────┬──────────────┬───────────────┐
 *   │ flags │ length       │ message       │
 *   │ 1 B   │ 4 B          │ as many bytes │
 *   └───────┴──────────────┴───────────────┘
 *   flags: 1 compressed, 128 trailers in the body (gRPC-Web)
 * </pre>
 */
final class GrpcMessages {
    private static final int PREFIX = 5;
    private static final int TRAILERS = 0x80;
    private static final int LONGEST_TRAILERS = 1_024;

    private int prefix;
    private int flags;
    private long length;
    private long left;
    private long count;

    /** Of gRPC-Web: the text of trailers, as much as is kept of it. */
    private final StringBuilder trailers = new StringBuilder(0);

    void clear() {
        prefix = 0;
        left = 0;
        count = 0;
        trailers.setLength(0);
    }

    /** Messages whose prefix was seen. */
    long count() {
        return count;
    }

    /** Looks at bytes; their indices stay as they are. */
    void read(ByteBuf lent) {
        int at = lent.readerIndex();
        int end = lent.writerIndex();
        while (at < end) {
            if (left > 0) {
                int n = (int) Math.min(left, end - at);
                if ((flags & TRAILERS) != 0) {
                    keep(lent, at, n);
                }
                at += n;
                left -= n;
            } else {
                prefix(lent.getByte(at++) & 0xff);
            }
        }
    }

    private void prefix(int b) {
        if (prefix == 0) {
            flags = b;
            length = 0;
        } else {
            length = length << 8 | b;
        }
        if (++prefix == PREFIX) {
            prefix = 0;
            left = length;
            count += (flags & TRAILERS) == 0 ? 1 : 0;
        }
    }

    private void keep(ByteBuf lent, int from, int n) {
        for (int i = from; i < from + n && trailers.length() < LONGEST_TRAILERS; i++) {
            trailers.append((char) (lent.getByte(i) & 0xff));
        }
    }

    /** The status in trailers of gRPC-Web; {@link GrpcStatus#NONE} if there is none. */
    int status() {
        int at = 0;
        while (at < trailers.length()) {
            int line = trailers.indexOf("\n", at);
            int end = line < 0 ? trailers.length() : line;
            int colon = trailers.indexOf(":", at);
            if (colon >= 0 && colon < end && isStatus(trailers.substring(at, colon))) {
                return GrpcStatus.code(trailers.substring(colon + 1, end).trim());
            }
            at = end + 1;
        }
        return GrpcStatus.NONE;
    }

    private static boolean isStatus(String name) {
        return name.equalsIgnoreCase("grpc-status");
    }
}
