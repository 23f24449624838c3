package dev.weir.proxy.replay;

import dev.weir.proxy.replay.Talk.Packet;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Writes capture files; {@code ReplayIT} has tcpdump read them. */
public final class CaptureWriter {
    private CaptureWriter() {}

    /** Ethernet packets with nanoseconds. */
    public static Path pcap(Path file, List<Packet> packets) throws IOException {
        return Files.write(file, pcap(packets, ByteOrder.LITTLE_ENDIAN, 0xa1b23c4d, 262_144, 1));
    }

    public static byte[] pcap(List<Packet> packets, ByteOrder order, int magic, int snap, int linkType) {
        int size = packets.stream().mapToInt(p -> p.bytes().length + 16).sum();
        ByteBuffer b = ByteBuffer.allocate(24 + size).order(order);
        b.putInt(magic).putShort((short) 2).putShort((short) 4);
        b.putLong(0).putInt(snap).putInt(linkType);
        for (Packet p : packets) {
            int captured = Math.min(snap, p.bytes().length);
            long fraction = p.nanos() % 1_000_000_000L;
            b.putInt((int) (p.nanos() / 1_000_000_000L))
                    .putInt((int) (magic == 0xa1b23c4d ? fraction : fraction / 1000));
            b.putInt(captured).putInt(p.bytes().length).put(p.bytes(), 0, captured);
        }
        return Arrays.copyOf(b.array(), b.position());
    }

    /** One section with one interface, whose time stamps are nanoseconds. */
    public static byte[] pcapng(List<Packet> packets, ByteOrder order, int linkType) {
        int size = packets.stream().mapToInt(p -> p.bytes().length + 40).sum();
        ByteBuffer b = ByteBuffer.allocate(100 + size).order(order);
        b.putInt(0x0a0d0d0a).putInt(28).putInt(0x1a2b3c4d).putShort((short) 1).putShort((short) 0);
        b.putLong(-1).putInt(28);
        b.putInt(1).putInt(32).putShort((short) linkType).putShort((short) 0).putInt(0);
        b.putShort((short) 9)
                .putShort((short) 1)
                .put((byte) 9)
                .put(new byte[3])
                .putInt(0)
                .putInt(32);
        for (Packet p : packets) {
            int padded = p.bytes().length + 3 & ~3;
            b.putInt(6).putInt(32 + padded).putInt(0);
            b.putInt((int) (p.nanos() >>> 32)).putInt((int) p.nanos());
            b.putInt(p.bytes().length).putInt(p.bytes().length).put(p.bytes());
            b.put(new byte[padded - p.bytes().length]).putInt(32 + padded);
        }
        return Arrays.copyOf(b.array(), b.position());
    }
}
