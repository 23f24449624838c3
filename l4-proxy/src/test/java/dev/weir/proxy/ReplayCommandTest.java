package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code weir replay} on captures that are written here byte by byte. */
class ReplayCommandTest {
    private static final int SYN = 2;
    private static final int ACK = 16;
    private static final int FIN = 1;
    private static final String GET = "*2\r\n$3\r\nGET\r\n$1\r\na\r\n";
    private static final String ANSWER = "$1\r\n1\r\n";

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final List<byte[]> packets = new ArrayList<>();

    @TempDir
    Path folder;

    private int linkType = 1;
    private boolean v6;
    private int clientPort = 40_000;
    private int clientSeq = 1_000;
    private int serverSeq = 5_000;

    @BeforeEach
    void clean() {
        packets.clear();
    }

    private byte[] packet(boolean client, int seq, int ack, int flags, String text) {
        byte[] payload = text.getBytes(StandardCharsets.ISO_8859_1);
        ByteBuffer b = ByteBuffer.allocate(200 + payload.length);
        int type = v6 ? 0x86dd : 0x0800;
        switch (linkType) {
            case 1 ->
                b.put(new byte[12])
                        .putShort((short) 0x88a8)
                        .putShort((short) 1)
                        .putShort((short) 0x8100)
                        .putShort((short) 2)
                        .putShort((short) type);
            case 113 -> b.put(new byte[14]).putShort((short) type);
            case 276 -> b.putShort((short) type).put(new byte[18]);
            case 0, 108 -> b.putInt(2);
            default -> {}
        }
        int tcp = 32 + payload.length;
        byte[] a = {10, 0, 0, (byte) (client ? 1 : 2)};
        byte[] z = {10, 0, 0, (byte) (client ? 2 : 1)};
        if (v6) {
            b.putInt(0x60000000).putShort((short) (tcp + 8)).put((byte) 0).put((byte) 64);
            b.putLong(1).putInt(0).put(a).putLong(1).putInt(0).put(z);
            b.put((byte) 6).put((byte) 0).putInt(0).putShort((short) 0);
        } else {
            b.put((byte) 0x45)
                    .put((byte) 0)
                    .putShort((short) (20 + tcp))
                    .putInt(0)
                    .put((byte) 64)
                    .put((byte) 6);
            b.putShort((short) 0).put(a).put(z);
        }
        b.putShort((short) (client ? clientPort : 6379)).putShort((short) (client ? 6379 : clientPort));
        b.putInt(seq)
                .putInt(ack)
                .put((byte) 0x80)
                .put((byte) flags)
                .putShort((short) 100)
                .putInt(0);
        b.put(new byte[12]).put(payload);
        byte[] bytes = new byte[b.position()];
        b.flip().get(bytes);
        return bytes;
    }

    private void open() {
        packets.add(packet(true, clientSeq++, 0, SYN, ""));
        packets.add(packet(false, serverSeq++, clientSeq, SYN | ACK, ""));
    }

    private void client(String text) {
        packets.add(packet(true, clientSeq, serverSeq, ACK, text));
        clientSeq += text.length();
    }

    private void server(String text) {
        packets.add(packet(false, serverSeq, clientSeq, ACK, text));
        serverSeq += text.length();
    }

    private void ask(int times) {
        for (int i = 0; i < times; i++) {
            client(GET);
            server(ANSWER);
        }
    }

    private void end() {
        packets.add(packet(true, clientSeq++, serverSeq, ACK | FIN, ""));
        packets.add(packet(false, serverSeq++, clientSeq, ACK | FIN, ""));
    }

    /** Packets a millisecond apart, from 2026-01-01. */
    private Path pcap(int magic, ByteOrder order, int snap) throws Exception {
        ByteBuffer b = ByteBuffer.allocate(
                        24 + packets.stream().mapToInt(p -> p.length + 16).sum())
                .order(order);
        b.putInt(magic)
                .putShort((short) 2)
                .putShort((short) 4)
                .putLong(0)
                .putInt(snap)
                .putInt(linkType);
        int millis = 0;
        for (byte[] p : packets) {
            int captured = Math.min(snap, p.length);
            b.putInt(1_767_225_600).putInt(millis++ * (magic == 0xa1b23c4d ? 1_000_000 : 1_000));
            b.putInt(captured).putInt(p.length).put(p, 0, captured);
        }
        return Files.write(folder.resolve("capture.pcap"), java.util.Arrays.copyOf(b.array(), b.position()));
    }

    private Path pcap() throws Exception {
        return pcap(0xa1b2c3d4, ByteOrder.LITTLE_ENDIAN, 65_535);
    }

    private Path pcapng(ByteOrder order) throws Exception {
        ByteBuffer b = ByteBuffer.allocate(
                        200 + packets.stream().mapToInt(p -> p.length + 40).sum())
                .order(order);
        b.putInt(0x0a0d0d0a).putInt(28).putInt(0x1a2b3c4d).putInt(1).putLong(-1).putInt(28);
        b.putInt(1).putInt(32).putShort((short) linkType).putShort((short) 0).putInt(0);
        b.putShort((short) 9)
                .putShort((short) 1)
                .put((byte) 9)
                .put(new byte[3])
                .putInt(0)
                .putInt(32);
        b.putInt(0x0bad).putInt(16).putInt(7).putInt(16);
        long nanos = 1_767_225_600_000_000_000L;
        for (byte[] p : packets) {
            int padded = p.length + 3 & ~3;
            b.putInt(6)
                    .putInt(32 + padded)
                    .putInt(0)
                    .putInt((int) (nanos >>> 32))
                    .putInt((int) nanos);
            b.putInt(p.length)
                    .putInt(p.length)
                    .put(p)
                    .put(new byte[padded - p.length])
                    .putInt(32 + padded);
            nanos += 1_000_000;
        }
        return Files.write(folder.resolve("capture.pcapng"), java.util.Arrays.copyOf(b.array(), b.position()));
    }

    private int run(String... args) {
        PrintStream outStream = new PrintStream(out, true, StandardCharsets.UTF_8);
        PrintStream errStream = new PrintStream(err, true, StandardCharsets.UTF_8);
        return new Main(new Terminal(outStream, errStream, code -> {})).run(args);
    }

    private List<String> json(Path file, String... more) {
        List<String> args = new ArrayList<>(List.of("replay", file.toString(), "--protocol", "redis", "--json"));
        args.addAll(List.of(more));
        assertThat(run(args.toArray(new String[0]))).as(err()).isZero();
        String text = out.toString(StandardCharsets.UTF_8);
        return text.isEmpty() ? List.of() : List.of(text.split("\n"));
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 113, 276, 0, 108, 101, 12})
    void readsEachLinkLayer(int type) throws Exception {
        for (boolean six : new boolean[] {false, true}) {
            out.reset();
            packets.clear();
            linkType = type;
            v6 = six;
            open();
            ask(2);
            end();

            assertThat(json(pcap())).hasSize(2);
        }
    }

    @Test
    void givesTheTimesOfTheCaptureInEachFormat() throws Exception {
        open();
        ask(1);
        end();
        List<Path> files = new ArrayList<>();
        for (ByteOrder order : List.of(ByteOrder.BIG_ENDIAN, ByteOrder.LITTLE_ENDIAN)) {
            for (int magic : new int[] {0xa1b2c3d4, 0xa1b23c4d}) {
                out.reset();
                assertExchange(json(pcap(magic, order, 65_535), "--keys"));
            }
            out.reset();
            assertExchange(json(pcapng(order), "--keys"));
        }
    }

    private static void assertExchange(List<String> lines) throws Exception {
        assertThat(lines).hasSize(1);
        Map<?, ?> e = (Map<?, ?>) Json.read(lines.get(0));
        assertThat(e.get("time")).isEqualTo("2026-01-01T00:00:00.002000Z");
        assertThat(((Number) e.get("duration_us")).longValue()).isEqualTo(1_000);
        assertThat(e.get("client")).isEqualTo("10.0.0.1:40000");
        assertThat(e.get("upstream")).isEqualTo("10.0.0.2:6379");
        assertThat(e.get("target")).isEqualTo("a");
    }

    @Test
    void putsPacketsInOrderAcrossTheWrapOfNumbers() throws Exception {
        clientSeq = -300;
        serverSeq = -40;
        open();
        ask(100);
        List<byte[]> all = new ArrayList<>(packets);
        Random random = new Random(7);
        for (int i = 2; i + 8 < packets.size(); i += 8) {
            Collections.shuffle(packets.subList(i, i + 8), random);
        }
        packets.addAll(20, all.subList(2, 30));
        end();

        assertThat(json(pcap())).hasSize(100);
        assertThat(err()).contains("out of order", "repeated").doesNotContain("gap");
    }

    @Test
    void givesUpTheConnectionThatLostBytesOnly() throws Exception {
        open();
        ask(3);
        client(GET);
        packets.remove(packets.size() - 1);
        ask(200);
        end();
        clientPort = 50_000;
        open();
        ask(5);

        assertThat(json(pcap())).hasSize(8);
        assertThat(err()).contains("1 connections gave_up gap");
    }

    @Test
    void joinsInMidStreamByThePort() throws Exception {
        server("rest of something\r\n");
        ask(4);

        assertThat(json(pcap())).hasSize(4);
        out.reset();
        assertThat(json(pcap(), "--port", "7000")).isEmpty();
    }

    @Test
    void cutPacketsAreGaps() throws Exception {
        open();
        ask(2);
        client("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$200\r\n" + "x".repeat(200) + "\r\n");
        server("+OK\r\n");

        assertThat(json(pcap(0xa1b2c3d4, ByteOrder.LITTLE_ENDIAN, 150))).hasSizeBetween(2, 3);
        assertThat(err()).contains("1 cut short", "gave_up gap");
    }

    @Test
    void saysWhatIsNotACapture() throws Exception {
        Path text = Files.writeString(folder.resolve("text"), "hello world");
        assertThat(run("replay", text.toString(), "--protocol", "redis")).isEqualTo(2);
        assertThat(err())
                .isEqualTo("weir: " + text
                        + ": begins with 68656c6c (expected: a capture in the format pcap or pcapng)\n");
        assertThat(run("replay", folder.resolve("no").toString(), "--protocol", "redis"))
                .isEqualTo(2);
        assertThat(run("replay", text.toString(), "--protocol", "redis", "--port", "x"))
                .isEqualTo(2);
    }

    @Test
    void showsWhatABrokenOffFileHas() throws Exception {
        open();
        ask(3);
        Path file = pcap();
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length - 5));

        assertThat(run("replay", file.toString(), "--protocol", "redis")).isEqualTo(1);
        assertThat(out.toString(StandardCharsets.UTF_8)).containsPattern("(?m)^GET +3 +");
        assertThat(err()).contains("cut short at byte");
    }

    @Test
    void survivesRandomCorruption() throws Exception {
        open();
        ask(30);
        end();
        Random random = new Random(3);
        for (int round = 0; round < 300; round++) {
            Path file = round % 2 == 0 ? pcap() : pcapng(ByteOrder.BIG_ENDIAN);
            byte[] bytes = Files.readAllBytes(file);
            for (int i = 0; i < 1 + round % 20; i++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            Files.write(file, bytes);

            run("replay", file.toString(), "--protocol", "redis");
            assertThat(err()).doesNotContain("bug of weir", "internal_error");
        }
    }
}
