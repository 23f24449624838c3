package dev.weir.core.compress;

import java.nio.ByteBuffer;

/** Direct memory between heap arrays and the zstd library, one pair for all of a loop. */
final class ZstdBuffers {
    static final int SIZE = 32 << 10;

    final ByteBuffer in = ByteBuffer.allocateDirect(SIZE);
    final ByteBuffer out = ByteBuffer.allocateDirect(SIZE);
}
