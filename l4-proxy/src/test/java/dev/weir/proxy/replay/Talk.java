package dev.weir.proxy.replay;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** One TCP connection as packets, each with what its sender has seen of the other side. */
public final class Talk {
    public static final int FIN = 1;
    public static final int SYN = 2;
    public static final int RST = 4;
    public static final int ACK = 16;

    /** 2026-01-01. */
    public static final long BEGIN = 1_767_225_600_000_000_000L;

    /**
     * A packet.
     *
     * @param nanos since 1970
     */
    public record Packet(long nanos, byte[] bytes) {
        public Packet at(long time) {
            return new Packet(time, bytes);
        }
    }

    public final List<Packet> packets = new ArrayList<>();
    public int linkType = 1;
    public boolean v6;
    public int clientPort = 40_000;
    public int serverPort = 6379;
    public int clientSeq = 1_000;
    public int serverSeq = 5_000;
    public long nanos = BEGIN;

    /** A packet of this connection with any numbers. */
    public Packet packet(boolean client, int seq, int ack, int flags, byte[] payload) {
        ByteBuffer b = ByteBuffer.allocate(200 + payload.length);
        short type = (short) (v6 ? 0x86dd : 0x0800);
        switch (linkType) {
            case 1 -> b.put(new byte[12]).putShort(type);
            case 113 -> b.put(new byte[14]).putShort(type);
            case 276 -> b.putShort(type).put(new byte[18]);
            case 0, 108 -> b.putInt(v6 ? 24 : 2);
            default -> {}
        }
        int tcp = 20 + payload.length;
        byte[] source = {10, 0, 0, (byte) (client ? 1 : 2)};
        byte[] target = {10, 0, 0, (byte) (client ? 2 : 1)};
        if (v6) {
            b.putInt(0x60000000).putShort((short) tcp).put((byte) 6).put((byte) 64);
            b.putLong(0x20010db800000000L).putInt(0).put(source);
            b.putLong(0x20010db800000000L).putInt(0).put(target);
        } else {
            b.putShort((short) 0x4500).putShort((short) (20 + tcp)).putInt(0x4000);
            b.putInt(0x40060000).put(source).put(target);
        }
        b.putShort((short) (client ? clientPort : serverPort)).putShort((short) (client ? serverPort : clientPort));
        b.putInt(seq).putInt(ack).putShort((short) (0x5000 | flags)).putShort((short) 500);
        b.putInt(0).put(payload);
        byte[] bytes = new byte[b.position()];
        b.flip().get(bytes);
        return new Packet(nanos, bytes);
    }

    public void add(boolean client, int seq, int ack, int flags, String payload) {
        packets.add(packet(client, seq, ack, flags, bytes(payload)));
    }

    public Talk open() {
        add(true, clientSeq++, 0, SYN, "");
        add(false, serverSeq++, clientSeq, SYN | ACK, "");
        add(true, clientSeq, serverSeq, ACK, "");
        return this;
    }

    public void send(boolean client, byte[] bytes) {
        packets.add(packet(client, client ? clientSeq : serverSeq, client ? serverSeq : clientSeq, ACK, bytes));
        if (client) {
            clientSeq += bytes.length;
        } else {
            serverSeq += bytes.length;
        }
    }

    public Talk client(String text) {
        nanos += 1_000_000;
        send(true, bytes(text));
        return this;
    }

    public Talk server(String text) {
        nanos += 1_000_000;
        send(false, bytes(text));
        return this;
    }

    /** Redis: a value is asked for, and answered a millisecond later. */
    public Talk ask(int times) {
        for (int i = 0; i < times; i++) {
            client("*2\r\n$3\r\nGET\r\n$1\r\na\r\n").server("$1\r\n1\r\n");
        }
        return this;
    }

    public Talk end() {
        nanos += 1_000_000;
        add(true, clientSeq++, serverSeq, ACK | FIN, "");
        add(false, serverSeq++, clientSeq, ACK | FIN, "");
        add(true, clientSeq, serverSeq, ACK, "");
        return this;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
