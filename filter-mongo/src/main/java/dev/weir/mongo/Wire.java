package dev.weir.mongo;

/**
 * Numbers of the wire protocol (MongoDB manual, "MongoDB Wire Protocol"; legacy opcodes, "MongoDB Legacy Opcodes").
 *
 * <pre>
 *   messageLength i32 · requestID i32 · responseTo i32 · opCode i32 · body          little endian
 *   OP_MSG        flagBits u32 · sections · [crc32c u32]
 *     section     0 · document            1 · size i32 (itself included) · identifier cstring · documents
 *   OP_COMPRESSED originalOpcode i32 · uncompressedSize i32 · compressorId u8 · bytes
 *   OP_QUERY      flags i32 · namespace cstring · skip i32 · return i32 · document [· fields document]
 *   OP_REPLY      flags i32 · cursor i64 · from i32 · returned i32 · documents
 * </pre>
 */
final class Wire {
    static final int HEADER = 16;

    static final int OP_REPLY = 1;
    static final int OP_UPDATE = 2001;
    static final int OP_INSERT = 2002;
    static final int OP_QUERY = 2004;
    static final int OP_GET_MORE = 2005;
    static final int OP_DELETE = 2006;
    static final int OP_KILL_CURSORS = 2007;
    static final int OP_COMMAND = 2010;
    static final int OP_COMMANDREPLY = 2011;
    static final int OP_COMPRESSED = 2012;
    static final int OP_MSG = 2013;

    /** Flags of OP_MSG. */
    static final int CHECKSUM_PRESENT = 1;

    static final int MORE_TO_COME = 1 << 1;
    static final int EXHAUST_ALLOWED = 1 << 16;
    /** Bits that a receiver has to know. */
    static final int REQUIRED_BITS = 0xFFFF;

    /** Flags of OP_QUERY. */
    static final int QUERY_TAILABLE = 1 << 1;

    static final int QUERY_AWAIT_DATA = 1 << 5;
    static final int QUERY_EXHAUST = 1 << 6;

    /** Flags of OP_REPLY. */
    static final int REPLY_CURSOR_NOT_FOUND = 1;

    static final int REPLY_QUERY_FAILURE = 1 << 1;

    /** Ids of compressors. */
    static final int NOOP = 0;

    static final int SNAPPY = 1;
    static final int ZLIB = 2;
    static final int ZSTD = 3;

    /** Longest message that is believed: what servers allow (48,000,000) and room for what wraps it. */
    static final int MAX_MESSAGE = 48_000_000 + (1 << 20);

    private Wire() {}

    /** Whether messages of a client may have it. */
    static boolean isRequest(int opcode) {
        return switch (opcode) {
            case OP_MSG,
                    OP_COMPRESSED,
                    OP_QUERY,
                    OP_GET_MORE,
                    OP_KILL_CURSORS,
                    OP_INSERT,
                    OP_UPDATE,
                    OP_DELETE,
                    OP_COMMAND -> true;
            default -> false;
        };
    }

    /** Whether messages of a server may have it. */
    static boolean isAnswer(int opcode) {
        return opcode == OP_MSG || opcode == OP_COMPRESSED || opcode == OP_REPLY || opcode == OP_COMMANDREPLY;
    }
}
