package dev.weir.proxy.replay;

import java.io.IOException;

/**
 * The classic format, with micro- or nanoseconds, in the byte order of who wrote it.
 *
 * <pre>
 * header   magic 4 | version 2+2 | zone 4 | accuracy 4 | snap length 4 | link type 4
 * packet   seconds 4 | fraction 4 | captured length 4 | length on the wire 4 | bytes
 * </pre>
 */
final class PcapReader implements CaptureReader {
    static final int MICROS = 0xa1b2c3d4;
    static final int NANOS = 0xa1b23c4d;
    private static final int REST_OF_HEADER = 20;
    private static final int PACKET_HEADER = 16;

    private final CaptureInput in;
    private final long unitNanos;
    private final int linkType;
    private final byte[] header = new byte[REST_OF_HEADER];

    /** The magic number was read already. */
    PcapReader(CaptureInput in, boolean bigEndian, long unitNanos) throws IOException {
        this.in = in;
        this.unitNanos = unitNanos;
        in.bigEndian(bigEndian);
        in.read(header, REST_OF_HEADER);
        // What is above is the length of a checksum behind each packet.
        this.linkType = (int) in.u32(header, 16) & 0xffff;
    }

    @Override
    public boolean next(CapturedPacket packet) throws IOException {
        if (!in.readOrEnd(header, PACKET_HEADER)) {
            return false;
        }
        long captured = in.u32(header, 8);
        if (captured > CapturedPacket.MAX_BYTES) {
            throw in.bad("packet of " + captured + " bytes (expected: at most " + CapturedPacket.MAX_BYTES + ")");
        }
        int length = (int) captured;
        packet.ensure(length);
        in.read(packet.data, length);
        packet.length = length;
        packet.wireLength = (int) Math.min(Integer.MAX_VALUE, Math.max(captured, in.u32(header, 12)));
        packet.linkType = linkType;
        packet.nanos = in.u32(header, 0) * 1_000_000_000L + in.u32(header, 4) * unitNanos;
        return true;
    }
}
