package dev.weir.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;

/** Collects bytes in pieces: a large answer needs no array of its whole size, and none that is copied as it grows. */
final class ChunkedBytes extends OutputStream {
    private static final int PIECE = 16 << 10;

    private final List<byte[]> full = new ArrayList<>();
    private byte[] last = new byte[1 << 10];
    private int used;

    @Override
    public void write(int b) {
        room();
        last[used++] = (byte) b;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        int at = offset;
        int end = offset + length;
        while (at < end) {
            room();
            int n = Math.min(end - at, last.length - used);
            System.arraycopy(bytes, at, last, used, n);
            used += n;
            at += n;
        }
    }

    private void room() {
        if (used == last.length) {
            full.add(last);
            last = new byte[PIECE];
            used = 0;
        }
    }

    /** What was written; not to be written to any more. */
    ByteBuf toBuffer() {
        ByteBuf[] parts = new ByteBuf[full.size() + 1];
        for (int i = 0; i < full.size(); i++) {
            parts[i] = Unpooled.wrappedBuffer(full.get(i));
        }
        parts[full.size()] = Unpooled.wrappedBuffer(last, 0, used);
        return Unpooled.wrappedBuffer(parts.length, parts);
    }
}
