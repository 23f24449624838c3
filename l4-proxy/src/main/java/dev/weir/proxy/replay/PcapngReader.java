package dev.weir.proxy.replay;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The block format. Blocks other than those of sections, interfaces and packets are skipped.
 *
 * <pre>
 * block   type 4 | length 4 | body | length 4
 * SHB     byte order magic 4 | version 2+2 | section length 8 | options
 * IDB     link type 2 | 2 | snap length 4 | options: code 2 | length 2 | value, padded to 4
 * EPB     interface 4 | time 4+4 | captured length 4 | length on the wire 4 | bytes, padded to 4 | options
 * PB      interface 2 | drops 2 | then as EPB: its predecessor
 * SPB     length on the wire 4 | bytes, padded to 4; no time
 * </pre>
 */
final class PcapngReader implements CaptureReader {
    static final int SECTION = 0x0a0d0d0a;
    private static final long MAGIC = 0x1a2b3c4dL;
    private static final int INTERFACE = 1;
    private static final int PACKET = 2;
    private static final int SIMPLE_PACKET = 3;
    private static final int ENHANCED_PACKET = 6;
    private static final int MAX_INTERFACES = 65_536;
    private static final int MAX_OPTIONS = 1 << 20;
    private static final int FRAME = 12;
    private static final int PACKET_HEADER = 20;
    private static final int OPTION_TIME_UNIT = 9;
    private static final int OPTION_TIME_OFFSET = 14;

    /** A network interface of a section. */
    private record Interface(int linkType, long snapLength, TimeUnits units) {}

    private final CaptureInput in;
    private final List<Interface> interfaces = new ArrayList<>();
    private final byte[] header = new byte[PACKET_HEADER];
    private long lastNanos;

    /** The type of the first section's block was read already. */
    PcapngReader(CaptureInput in) throws IOException {
        this.in = in;
        section();
    }

    @Override
    public boolean next(CapturedPacket packet) throws IOException {
        while (in.readOrEnd(header, 4)) {
            // The type of a section's block reads the same both ways; its byte order comes later.
            int type = (int) in.u32(header, 0);
            if (type == SECTION) {
                section();
                continue;
            }
            long length = in.u32();
            if (length < FRAME || length % 4 != 0) {
                throw in.bad("block of " + length + " bytes (expected: a multiple of 4, at least 12)");
            }
            long body = length - FRAME;
            boolean found = false;
            switch (type) {
                case INTERFACE -> addInterface(body);
                case ENHANCED_PACKET, PACKET -> {
                    timed(packet, body, type == PACKET);
                    found = true;
                }
                case SIMPLE_PACKET -> {
                    simple(packet, body);
                    found = true;
                }
                default -> in.skip(body);
            }
            end(length);
            if (found) {
                return true;
            }
        }
        return false;
    }

    private void end(long length) throws IOException {
        long again = in.u32();
        if (again != length) {
            throw in.bad("block ends with length " + again + " (expected: " + length + " as at its begin)");
        }
    }

    private void section() throws IOException {
        in.read(header, 8);
        in.bigEndian(true);
        if (in.u32(header, 4) != MAGIC) {
            in.bigEndian(false);
            if (in.u32(header, 4) != MAGIC) {
                throw in.bad("section without byte order (expected: 1a2b3c4d)");
            }
        }
        long length = in.u32(header, 0);
        if (length < 28 || length % 4 != 0) {
            throw in.bad("section header of " + length + " bytes (expected: a multiple of 4, at least 28)");
        }
        in.skip(length - 16);
        end(length);
        interfaces.clear();
    }

    private void addInterface(long body) throws IOException {
        if (body < 8 || body > MAX_OPTIONS || interfaces.size() == MAX_INTERFACES) {
            throw in.bad("interface no. " + interfaces.size() + " of " + body + " bytes (expected: 8 to " + MAX_OPTIONS
                    + ", at most " + MAX_INTERFACES + " interfaces)");
        }
        byte[] bytes = new byte[(int) body];
        in.read(bytes, bytes.length);
        int unit = TimeUnits.MICROS;
        long offset = 0;
        int at = 8;
        while (at + 4 <= bytes.length) {
            int code = in.u16(bytes, at);
            int length = in.u16(bytes, at + 2);
            at += 4;
            if (code == 0 || at + length > bytes.length) {
                break;
            }
            if (code == OPTION_TIME_UNIT && length >= 1) {
                unit = bytes[at] & 0xff;
            } else if (code == OPTION_TIME_OFFSET && length >= 8) {
                offset = in.i64(bytes, at);
            }
            at += length + 3 & ~3;
        }
        interfaces.add(new Interface(in.u16(bytes, 0), in.u32(bytes, 4), new TimeUnits(unit, offset)));
    }

    private Interface interfaceOf(long number) throws CaptureException {
        if (number >= interfaces.size()) {
            throw in.bad("packet of interface " + number + " (expected: one of the " + interfaces.size()
                    + " that were described)");
        }
        return interfaces.get((int) number);
    }

    private void timed(CapturedPacket packet, long body, boolean old) throws IOException {
        if (body < PACKET_HEADER) {
            throw in.bad("packet block of " + (body + FRAME) + " bytes (expected: at least 32)");
        }
        in.read(header, PACKET_HEADER);
        Interface from = interfaceOf(old ? in.u16(header, 0) : in.u32(header, 0));
        long captured = in.u32(header, 12);
        lastNanos = from.units().nanos(in.u32(header, 4) << 32 | in.u32(header, 8));
        fill(packet, from, captured, in.u32(header, 16), body - PACKET_HEADER);
    }

    private void simple(CapturedPacket packet, long body) throws IOException {
        if (body < 4) {
            throw in.bad("packet block of " + (body + FRAME) + " bytes (expected: at least 16)");
        }
        long wire = in.u32();
        Interface from = interfaceOf(0);
        long captured = Math.min(wire, body - 4);
        if (from.snapLength() > 0) {
            captured = Math.min(captured, from.snapLength());
        }
        fill(packet, from, captured, wire, body - 4);
    }

    private void fill(CapturedPacket packet, Interface from, long captured, long wire, long left) throws IOException {
        if (captured > left || captured > CapturedPacket.MAX_BYTES) {
            throw in.bad("packet of " + captured + " bytes (expected: at most "
                    + Math.min(left, CapturedPacket.MAX_BYTES) + ")");
        }
        int length = (int) captured;
        packet.ensure(length);
        in.read(packet.data, length);
        in.skip(left - captured);
        packet.length = length;
        packet.wireLength = (int) Math.min(Integer.MAX_VALUE, Math.max(captured, wire));
        packet.linkType = from.linkType();
        packet.nanos = lastNanos;
    }
}
