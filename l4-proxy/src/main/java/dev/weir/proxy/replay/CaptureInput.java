package dev.weir.proxy.replay;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;

/** The bytes of a capture file, with their place and their byte order. */
final class CaptureInput implements AutoCloseable {
    private static final int BUFFER = 256 << 10;

    private final String name;
    private final InputStream in;
    private final byte[] word = new byte[8];
    private long position;
    private boolean bigEndian;

    CaptureInput(String name, InputStream in) {
        this.name = name;
        this.in = new BufferedInputStream(in, BUFFER);
    }

    void bigEndian(boolean big) {
        bigEndian = big;
    }

    /** Bytes that were read. */
    long position() {
        return position;
    }

    /** Reads {@code length} bytes; false if the file ends before the first one. */
    boolean readOrEnd(byte[] into, int length) throws IOException {
        int read = in.readNBytes(into, 0, length);
        position += read;
        if (read > 0 && read < length) {
            throw cut();
        }
        return read == length;
    }

    void read(byte[] into, int length) throws IOException {
        if (!readOrEnd(into, length) && length > 0) {
            throw cut();
        }
    }

    void skip(long length) throws IOException {
        long left = length;
        while (left > 0) {
            long skipped = in.skip(left);
            if (skipped <= 0) {
                if (in.read() < 0) {
                    throw cut();
                }
                skipped = 1;
            }
            left -= skipped;
            position += skipped;
        }
    }

    /** An unsigned number of four bytes. */
    long u32() throws IOException {
        read(word, 4);
        return u32(word, 0);
    }

    long u32(byte[] bytes, int at) {
        int high = u16(bytes, bigEndian ? at : at + 2);
        int low = u16(bytes, bigEndian ? at + 2 : at);
        return (long) high << 16 | low;
    }

    int u16(byte[] bytes, int at) {
        int first = bytes[at] & 0xff;
        int second = bytes[at + 1] & 0xff;
        return bigEndian ? first << 8 | second : second << 8 | first;
    }

    private CaptureException cut() {
        return new CaptureException(name + ": cut short at byte " + position
                + " (expected: the rest of a packet; the capture was not ended)");
    }

    /** Something that may not stand here. */
    CaptureException bad(String what) {
        return new CaptureException(name + ": at byte " + position + ": " + what);
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
