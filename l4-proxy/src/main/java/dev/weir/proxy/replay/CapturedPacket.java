package dev.weir.proxy.replay;

/** A packet as it stands in a file; filled anew by each read. */
final class CapturedPacket {
    /** More is not a packet but a broken file: the largest that kernels make are half of it. */
    static final int MAX_BYTES = 1 << 20;

    private static final int FIRST_BYTES = 2_048;

    byte[] data = new byte[FIRST_BYTES];
    /** Bytes in {@link #data}. */
    int length;
    /** Bytes on the wire, at least {@link #length}. */
    int wireLength;

    int linkType;
    /** Since 1970-01-01 UTC. */
    long nanos;

    void ensure(int bytes) {
        if (data.length < bytes) {
            data = new byte[Math.max(bytes, Math.min(MAX_BYTES, data.length * 2))];
        }
    }
}
