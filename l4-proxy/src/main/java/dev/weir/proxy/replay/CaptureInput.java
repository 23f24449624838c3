package dev.weir.proxy.replay;

import java.io.IOException;
import java.io.InputStream;

/** The bytes of a capture file, with their place and their byte order. */
final class CaptureInput implements AutoCloseable {
    private static final int BUFFER = 64 << 10;

    private final String name;
    private final InputStream in;
    /** Called before the source is read, which may take as long as the capture. */
    private final CaptureSet.Pause pause;

    private final byte[] buffer = new byte[BUFFER];
    private final byte[] word = new byte[8];
    private int begin;
    private int end;
    private long position;
    private boolean bigEndian = true;

    CaptureInput(String name, InputStream in, CaptureSet.Pause pause) {
        this.name = name;
        this.in = in;
        this.pause = pause;
    }

    String name() {
        return name;
    }

    void bigEndian(boolean big) {
        bigEndian = big;
    }

    /** Bytes that were read. */
    long position() {
        return position;
    }

    /** Bytes that can be read without asking the source; 0 at the end only. */
    private int available() throws IOException {
        if (begin == end) {
            pause.beforeRead();
            begin = 0;
            end = Math.max(0, in.read(buffer));
        }
        return end - begin;
    }

    /** Reads {@code length} bytes; false if the file ends before the first one. */
    boolean readOrEnd(byte[] into, int length) throws IOException {
        int done = 0;
        while (done < length) {
            int some = Math.min(available(), length - done);
            if (some == 0) {
                if (done == 0) {
                    return false;
                }
                throw cut();
            }
            System.arraycopy(buffer, begin, into, done, some);
            begin += some;
            position += some;
            done += some;
        }
        return true;
    }

    void read(byte[] into, int length) throws IOException {
        if (!readOrEnd(into, length)) {
            throw cut();
        }
    }

    void skip(long length) throws IOException {
        long left = length;
        while (left > 0) {
            int some = (int) Math.min(available(), left);
            if (some == 0) {
                throw cut();
            }
            begin += some;
            position += some;
            left -= some;
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

    /** A number of eight bytes. */
    long i64(byte[] bytes, int at) {
        long high = u32(bytes, bigEndian ? at : at + 4);
        long low = u32(bytes, bigEndian ? at + 4 : at);
        return high << 32 | low;
    }

    int u16(byte[] bytes, int at) {
        int first = bytes[at] & 0xff;
        int second = bytes[at + 1] & 0xff;
        return bigEndian ? first << 8 | second : second << 8 | first;
    }

    private CaptureException cut() {
        return new CaptureException(name + ": ends in the middle of a packet, at byte " + position, true);
    }

    /** Something that may not stand here. */
    CaptureException bad(String what) {
        return new CaptureException(name + ": at byte " + position + ": " + what, false);
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
