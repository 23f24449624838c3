package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.proxy.replay.CaptureWriter;
import dev.weir.proxy.replay.Talk;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code weir replay} as a command: what it takes, writes and returns. */
class ReplayCommandTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir
    Path folder;

    private Path capture;

    @BeforeEach
    void write() throws Exception {
        capture = CaptureWriter.pcap(
                folder.resolve("redis.pcap"), new Talk().open().ask(3).end().packets);
    }

    private int replay(Object... more) {
        List<String> args = new ArrayList<>(List.of("replay", "--protocol", "redis"));
        for (Object argument : more) {
            args.add(argument.toString());
        }
        out.reset();
        err.reset();
        PrintStream outStream = new PrintStream(out, true, StandardCharsets.UTF_8);
        PrintStream errStream = new PrintStream(err, true, StandardCharsets.UTF_8);
        return new Main(new Terminal(outStream, errStream, code -> {})).run(args.toArray(new String[0]));
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    private List<Map<?, ?>> exchanges() throws Exception {
        List<Map<?, ?>> all = new ArrayList<>();
        for (String line : out().lines().toList()) {
            all.add((Map<?, ?>) Json.read(line));
        }
        return all;
    }

    @Test
    void showsATableOfTotals() {
        assertThat(replay(capture)).isZero();

        assertThat(out()).containsPattern("(?m)^GET +3 .* 1.00ms .* 60B +21B$");
        assertThat(out()).contains("1 connections   3 calls", "12 packets   12 of TCP");
        assertThat(err()).isEmpty();
    }

    @Test
    void writesExchangesAndNothingElseWithTheTimesOfTheCapture() throws Exception {
        assertThat(replay(capture, "--json")).isZero();

        List<Map<?, ?>> all = exchanges();
        assertThat(all).hasSize(3);
        Map<?, ?> first = all.get(0);
        assertThat(first.get("time")).isEqualTo("2026-01-01T00:00:00.001000Z");
        assertThat(((Number) first.get("duration_us")).longValue()).isEqualTo(1_000);
        assertThat(first.get("listener")).isEqualTo("replay");
        assertThat(first.get("client")).isEqualTo("10.0.0.1:40000");
        assertThat(first.get("upstream")).isEqualTo("10.0.0.2:6379");
        assertThat(first.containsKey("target")).isFalse();
        assertThat(err()).containsPattern("(?m)^GET +3 ").contains("12 packets");
    }

    @Test
    void showsKeysWhereAskedTo() throws Exception {
        assertThat(replay(capture, "--json", "--keys")).isZero();
        assertThat(exchanges()).allSatisfy(e -> assertThat(e.get("target")).isEqualTo("a"));

        assertThat(replay(capture, "--statements")).isEqualTo(2);
        assertThat(err()).contains("redis_stats", "statements");
    }

    @Test
    void readsSeveralFilesAsOne() throws Exception {
        Talk talk = new Talk().open().ask(40).end();
        byte[] first = CaptureWriter.pcap(talk.packets.subList(0, 30), ByteOrder.BIG_ENDIAN, 0xa1b2c3d4, 65_535, 1);
        byte[] second = CaptureWriter.pcapng(talk.packets.subList(30, talk.packets.size()), ByteOrder.LITTLE_ENDIAN, 1);
        Path one = Files.write(folder.resolve("1"), first);
        Path two = Files.write(folder.resolve("2"), second);

        assertThat(replay(two, one, "--json")).isZero();

        assertThat(exchanges()).hasSize(40).allMatch(e -> "ok".equals(e.get("status")));
        assertThat(err()).doesNotContain("gap", "gave_up");
    }

    @Test
    void saysWhatIsNotACapture() throws Exception {
        Path text = Files.writeString(folder.resolve("text"), "hello world");
        String expected = " (expected: a capture in the format pcap or pcapng)\n";
        assertThat(replay(text)).isEqualTo(2);
        assertThat(err()).isEqualTo("weir: " + text + ": begins with the bytes 68656c6c" + expected);
        assertThat(replay(folder.resolve("no"))).isEqualTo(2);
        assertThat(err()).isEqualTo("weir: " + folder.resolve("no") + ": no such file" + expected);
        assertThat(replay(folder)).isEqualTo(2);
        assertThat(err()).isEqualTo("weir: " + folder + ": a folder" + expected);
    }

    @Test
    void saysWhatIsNoPort() {
        for (String port : List.of("x", "0", "65536", "-1", "")) {
            assertThat(replay(capture, "--port", port)).isEqualTo(2);
            assertThat(err()).contains("--port: \"" + port + "\" (expected: a port of 1..65535)");
        }
        assertThat(replay()).isEqualTo(2);
        assertThat(err()).contains("FILE");
    }

    @Test
    void asksForThePortWhereNothingTellsTheDirection() throws Exception {
        Talk talk = new Talk();
        talk.serverPort = 7777;
        CaptureWriter.pcap(capture, talk.ask(3).packets);

        assertThat(replay(capture)).isEqualTo(2);
        assertThat(err()).contains("client and server cannot be told apart (expected: --port N");
        assertThat(replay(capture, "--port", "7777", "--json")).isZero();
        assertThat(exchanges()).hasSize(3);
    }

    @Test
    void showsWhatAFileHasThatEndsTooEarly() throws Exception {
        byte[] bytes = Files.readAllBytes(capture);
        Files.write(capture, Arrays.copyOf(bytes, bytes.length - 5));

        assertThat(replay(capture)).isZero();

        assertThat(out()).containsPattern("(?m)^GET +3 +");
        assertThat(err())
                .isEqualTo("weir: warning: " + capture + ": ends in the middle of a packet, at byte "
                        + (bytes.length - 5) + "\n");
    }

    @Test
    void showsWhatABrokenFileHasAndFails() throws Exception {
        byte[] bytes = Files.readAllBytes(capture);
        byte[] broken = Arrays.copyOf(bytes, bytes.length + 16);
        Arrays.fill(broken, bytes.length + 8, bytes.length + 12, (byte) 0x7f);
        Files.write(capture, broken);

        assertThat(replay(capture)).isEqualTo(1);

        assertThat(out()).containsPattern("(?m)^GET +3 +");
        assertThat(err()).contains(capture + ": at byte ", "packet of 2139062143 bytes (expected: at most 1048576)");
    }

    @Test
    void writesExchangesOfStandardInputAsTheyCome() throws Exception {
        Talk talk = new Talk().open().ask(2);
        byte[] first = CaptureWriter.pcap(talk.packets, ByteOrder.BIG_ENDIAN, 0xa1b23c4d, 65_535, 1);
        talk.client("*1\r\n$4\r\nPING\r\n").server("+PONG\r\n");
        byte[] all = CaptureWriter.pcap(talk.packets, ByteOrder.BIG_ENDIAN, 0xa1b23c4d, 65_535, 1);
        try (WeirProcess weir = WeirProcess.start("replay", "-", "--protocol", "redis", "--json");
                OutputStream in = weir.in()) {
            in.write(first);
            in.flush();
            assertThat(weir.awaitOut("\"GET\"")).contains("2026-01-01T");
            in.write(all, first.length, all.length - first.length);
            in.flush();
            weir.awaitOut("\"PING\"");
            // It waits for more: a signal ends it all the same, with the totals.
            weir.signal("TERM");

            assertThat(weir.exitCode()).isZero();
            assertThat(weir.out()).hasSize(3);
            assertThat(String.join("\n", weir.err())).contains("1 connections   3 calls");
        }
    }

    @Test
    void endsWithStandardInput() throws Exception {
        try (WeirProcess weir = WeirProcess.start("replay", "-", "--protocol", "redis")) {
            try (OutputStream in = weir.in()) {
                in.write(Files.readAllBytes(capture));
            }
            assertThat(weir.exitCode()).isZero();
            assertThat(String.join("\n", weir.out())).containsPattern("(?m)^GET +3 ");
            assertThat(weir.err()).isEmpty();
        }
        try (WeirProcess weir = WeirProcess.start("replay", "-", "--protocol", "redis")) {
            weir.in().close();
            assertThat(weir.exitCode()).isEqualTo(2);
            assertThat(weir.err())
                    .containsExactly("weir: standard input: empty (expected: a capture in the format pcap or pcapng)");
        }
    }
}
