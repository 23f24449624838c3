package dev.weir.proxy.replay;

/** Finds TCP in packets: link layer, VLAN tags, IP with its extensions. Looks at nothing that was not captured. */
final class Dissector {
    /** What a packet is. */
    enum Kind {
        TCP,
        /** Something else. */
        OTHER,
        /** A part of an IP packet; not put together again. */
        FRAGMENT,
        /** Captured too short, or broken, to know its connection. */
        UNREADABLE,
        /** Of a link layer that is not known here. */
        UNKNOWN_LINK
    }

    private static final int IPV4 = 0x0800;
    private static final int IPV6 = 0x86dd;
    private static final int TCP = 6;
    private static final long MAPPED = 0xffff_0000_0000L;
    private static final int MAX_HEADERS = 16;

    private byte[] data = new byte[0];
    private int length;
    private int wireLength;

    /** Reads {@code packet} into {@code tcp}, which is meaningful for {@link Kind#TCP} only. */
    Kind read(CapturedPacket packet, TcpPacket tcp) {
        data = packet.data;
        length = packet.length;
        wireLength = packet.wireLength;
        return switch (packet.linkType) {
            case 1 -> network(12, 14, tcp); // Ethernet
            case 113 -> network(14, 16, tcp); // Linux cooked
            case 276 -> network(0, 20, tcp); // Linux cooked, version 2
            case 0, 108 -> ip(4, tcp); // loopback
            case 12, 14, 101, 228, 229 -> ip(0, tcp); // nothing below IP
            default -> Kind.UNKNOWN_LINK;
        };
    }

    private Kind network(int typeAt, int begin, TcpPacket tcp) {
        if (begin > length) {
            return Kind.UNREADABLE;
        }
        int type = u16(typeAt);
        int at = begin;
        while (type == 0x8100 || type == 0x88a8 || type == 0x9100) {
            if (at + 4 > length) {
                return Kind.UNREADABLE;
            }
            type = u16(at + 2);
            at += 4;
        }
        return type == IPV4 || type == IPV6 ? ip(at, tcp) : Kind.OTHER;
    }

    private Kind ip(int at, TcpPacket tcp) {
        if (at >= length) {
            return Kind.UNREADABLE;
        }
        return switch (data[at] >>> 4 & 15) {
            case 4 -> ipv4(at, tcp);
            case 6 -> ipv6(at, tcp);
            default -> Kind.OTHER;
        };
    }

    private Kind ipv4(int at, TcpPacket tcp) {
        int header = (data[at] & 15) * 4;
        if (at + 20 > length || header < 20) {
            return Kind.UNREADABLE;
        }
        if ((u16(at + 6) & 0x3fff) != 0) {
            return Kind.FRAGMENT;
        }
        if ((data[at + 9] & 0xff) != TCP) {
            return Kind.OTHER;
        }
        tcp.sourceHigh = 0;
        tcp.sourceLow = MAPPED | u32(at + 12);
        tcp.targetHigh = 0;
        tcp.targetLow = MAPPED | u32(at + 16);
        int total = u16(at + 2);
        // The network card that cuts the packet fills in its length: before that it is 0.
        return tcp(at + header, total == 0 ? wireLength : at + total, tcp);
    }

    private Kind ipv6(int at, TcpPacket tcp) {
        if (at + 40 > length) {
            return Kind.UNREADABLE;
        }
        tcp.sourceHigh = u64(at + 8);
        tcp.sourceLow = u64(at + 16);
        tcp.targetHigh = u64(at + 24);
        tcp.targetLow = u64(at + 32);
        int total = u16(at + 4);
        int end = total == 0 ? wireLength : at + 40 + total;
        int next = data[at + 6] & 0xff;
        int place = at + 40;
        for (int i = 0; i < MAX_HEADERS; i++) {
            if (next == TCP) {
                return tcp(place, end, tcp);
            }
            boolean fragment = next == 44;
            boolean plain = next == 0 || next == 43 || next == 60 || next == 135 || next == 139 || next == 140;
            if (!fragment && !plain && next != 51) {
                return Kind.OTHER;
            }
            if (place + 8 > length) {
                return Kind.UNREADABLE;
            }
            if (fragment && (u16(place + 2) & 0xfff9) != 0) {
                return Kind.FRAGMENT;
            }
            next = data[place] & 0xff;
            int units = data[place + 1] & 0xff;
            place += fragment ? 8 : plain ? units * 8 + 8 : units * 4 + 8;
        }
        return Kind.OTHER;
    }

    private Kind tcp(int at, int end, TcpPacket tcp) {
        if (at + 20 > length || at + 20 > end) {
            return Kind.UNREADABLE;
        }
        int header = (data[at + 12] >>> 4 & 15) * 4;
        int payload = at + header;
        if (header < 20 || payload > end) {
            return Kind.UNREADABLE;
        }
        tcp.sourcePort = u16(at);
        tcp.targetPort = u16(at + 2);
        tcp.seq = (int) u32(at + 4);
        tcp.ack = (int) u32(at + 8);
        tcp.flags = data[at + 13] & 0xff;
        tcp.payload = Math.min(payload, length);
        tcp.length = end - payload;
        tcp.captured = Math.max(0, Math.min(end, length) - payload);
        return Kind.TCP;
    }

    private int u16(int at) {
        return (data[at] & 0xff) << 8 | data[at + 1] & 0xff;
    }

    private long u32(int at) {
        return (long) u16(at) << 16 | u16(at + 2);
    }

    private long u64(int at) {
        return u32(at) << 32 | u32(at + 4);
    }
}
