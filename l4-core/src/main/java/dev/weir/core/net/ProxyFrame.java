package dev.weir.core.net;

import io.netty.buffer.ByteBuf;

/**
 * Tells whether bytes begin with a PROXY protocol header, and where it ends. Looks at no more bytes than it has to.
 *
 * <pre>
 *   v1   "PROXY " … CR LF                                        at most 107 bytes
 *   v2   CR LF CR LF NUL CR LF "QUIT" LF | version, command | family | length: 2 | addresses and TLVs: length
 * </pre>
 */
final class ProxyFrame {
    /** These bytes begin with something else. */
    static final int NONE = -1;
    /** Too few to know. */
    static final int UNDECIDED = -2;
    /** The begin of a header. */
    static final int INCOMPLETE = -3;
    /** A header that is too long. */
    static final int TOO_LONG = -4;

    /** Of the fixed part of version 2. */
    static final int FIXED = 16;
    /** Most bytes behind the fixed part that are taken. */
    static final int MOST = 4_096;
    /** Most bytes of version 1, with its end of line. */
    static final int MOST_V1 = 107;

    private static final byte[] TEXT = {'P', 'R', 'O', 'X', 'Y', ' '};
    private static final byte[] BINARY = {13, 10, 13, 10, 0, 13, 10, 'Q', 'U', 'I', 'T', 10};

    private ProxyFrame() {}

    /** Length of the header that {@code in} begins with, or one of the above. */
    static int length(ByteBuf in) {
        if (!in.isReadable()) {
            return UNDECIDED;
        }
        byte first = in.getByte(in.readerIndex());
        byte[] signature = first == TEXT[0] ? TEXT : BINARY;
        int known = Math.min(in.readableBytes(), signature.length);
        for (int i = 0; i < known; i++) {
            if (in.getByte(in.readerIndex() + i) != signature[i]) {
                return NONE;
            }
        }
        if (known < signature.length) {
            return UNDECIDED;
        }
        return signature == TEXT ? line(in) : struct(in);
    }

    private static int line(ByteBuf in) {
        int end = Math.min(in.readableBytes(), MOST_V1);
        int at = in.indexOf(in.readerIndex() + TEXT.length, in.readerIndex() + end, (byte) '\n');
        if (at >= 0) {
            return at + 1 - in.readerIndex();
        }
        return end == MOST_V1 ? TOO_LONG : INCOMPLETE;
    }

    private static int struct(ByteBuf in) {
        if (in.readableBytes() < FIXED) {
            return INCOMPLETE;
        }
        int rest = in.getUnsignedShort(in.readerIndex() + FIXED - 2);
        if (rest > MOST) {
            return TOO_LONG;
        }
        return in.readableBytes() < FIXED + rest ? INCOMPLETE : FIXED + rest;
    }
}
