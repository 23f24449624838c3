package dev.weir.proxy.replay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.proxy.replay.Talk.Packet;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which connections there are in a capture, and what becomes of those that are not whole. */
class FlowTest {
    @TempDir
    Path folder;

    private Played play(List<Packet> packets) throws Exception {
        return Played.redis(CaptureWriter.pcap(folder.resolve("capture"), packets));
    }

    private static List<Packet> byTime(Talk... talks) {
        List<Packet> all = new ArrayList<>();
        for (Talk talk : talks) {
            all.addAll(talk.packets);
        }
        all.sort(Comparator.comparingLong(Packet::nanos));
        return all;
    }

    private static Talk talk(int clientPort) {
        Talk talk = new Talk();
        talk.clientPort = clientPort;
        return talk;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    @Test
    void givesUpOnlyTheConnectionThatLostAPacket() throws Exception {
        Talk whole = talk(40_001).open().ask(20).end();
        int size = whole.packets.size();
        // All packets with payload: the handshake has three, the end three.
        for (int lost = 3; lost < size - 3; lost++) {
            Talk holed = talk(40_000).open().ask(20).end();
            holed.packets.remove(lost);
            Talk other = talk(40_001).open().ask(20).end();

            Played played = play(byTime(holed, other));

            int before = (lost - 3) / 2;
            List<String> its = played.lines.stream()
                    .filter(line -> line.contains("10.0.0.1:40000"))
                    .toList();
            assertThat(its.stream().filter(line -> line.contains("\"ok\"")))
                    .as("lost %d", lost)
                    .hasSize(before);
            assertThat(played.lines.stream().filter(line -> line.contains("10.0.0.1:40001")))
                    .hasSize(20);
            assertThat(played.report).contains("1 gaps", "1 connection gave_up gap");
        }
    }

    @Test
    void waitsForWhatWasLostOnTheWay() throws Exception {
        Talk talk = new Talk().open().ask(3);
        // The server has not seen it: it comes again after 300 packets of acknowledgements that say so.
        Packet lost = talk.packet(true, talk.clientSeq, talk.serverSeq, Talk.ACK, bytes("*1\r\n$4\r\nPI"));
        talk.clientSeq += 10;
        talk.send(true, bytes("NG\r\n"));
        for (int i = 0; i < 300; i++) {
            talk.add(false, talk.serverSeq, talk.clientSeq - 14, Talk.ACK, "");
        }
        talk.packets.add(lost);
        talk.server("+PONG\r\n").end();

        Played played = play(talk.packets);

        assertThat(played.lines).hasSize(4);
        assertThat(played.lines.get(3)).contains("\"PING\"", "\"ok\"");
        assertThat(played.report).doesNotContain("gap");
    }

    @Test
    void takesEndsAndResetsForWhatTheyAre() throws Exception {
        for (boolean client : new boolean[] {true, false}) {
            Talk talk = new Talk().open().ask(2).client("*1\r\n$4\r\nPING\r\n");
            talk.add(client, client ? talk.clientSeq : talk.serverSeq, 0, Talk.RST, "");
            // What is still on the way, and the same reset again.
            talk.server("+PONG\r\n");
            talk.add(client, client ? talk.clientSeq : talk.serverSeq, 0, Talk.RST, "");

            Played played = play(talk.packets);

            assertThat(played.lines).hasSize(3);
            assertThat(played.lines.get(2)).contains("\"PING\"", "\"no_reply\"");
            assertThat(played.counts.connections).isEqualTo(1);
        }
    }

    @Test
    void halfCloseLeavesTheOtherDirection() throws Exception {
        Talk talk = new Talk().open().client("*1\r\n$4\r\nPING\r\n");
        talk.add(true, talk.clientSeq++, talk.serverSeq, Talk.ACK | Talk.FIN, "");
        talk.server("+PONG\r\n");
        talk.add(false, talk.serverSeq++, talk.clientSeq, Talk.ACK | Talk.FIN, "");

        assertThat(play(talk.packets).lines).hasSize(1).first().asString().contains("\"ok\"");
    }

    @Test
    void aNewSynOnTheSamePortsIsANewConnection() throws Exception {
        Talk first = new Talk().open().ask(2);
        Talk second = new Talk();
        second.clientSeq = 900_000;
        second.serverSeq = 800_000;
        second.open().ask(3).end();
        Talk third = new Talk();
        third.clientSeq = 1_900_000;
        third.open().ask(1).end();
        List<Packet> all = new ArrayList<>(first.packets);
        all.addAll(second.packets);
        // After its end: a late repetition of its SYN, of a packet, of a FIN.
        all.add(second.packets.get(0));
        all.add(second.packets.get(1));
        all.add(second.packets.get(4));
        all.add(second.packets.get(second.packets.size() - 3));
        all.addAll(third.packets);

        Played played = play(all);

        assertThat(played.lines).hasSize(6);
        assertThat(played.counts.connections).isEqualTo(3);
        for (int i = 0; i < 6; i++) {
            int number = i < 2 ? 1 : i < 5 ? 2 : 3;
            assertThat(played.lines.get(i)).contains("\"connection\":" + number + ",");
        }
    }

    @Test
    void aRepeatedSynIsNot() throws Exception {
        Talk talk = new Talk().open();
        List<Packet> all = new ArrayList<>(List.of(talk.packets.get(0), talk.packets.get(0)));
        all.addAll(talk.packets);
        all.add(talk.packets.get(1));
        talk.packets.clear();
        talk.ask(2);
        all.addAll(talk.packets);

        Played played = play(all);

        assertThat(played.lines).hasSize(2);
        assertThat(played.counts.connections).isEqualTo(1);
    }

    @Test
    void tellsDirectionFromEitherHalfOfTheHandshake() throws Exception {
        for (int missing = 0; missing < 3; missing++) {
            Talk talk = new Talk();
            talk.serverPort = 7777;
            talk.open().ask(4);
            talk.packets.remove(missing);

            Played played = play(talk.packets);

            assertThat(played.lines)
                    .as("without packet %d of the handshake", missing)
                    .hasSize(4);
            assertThat(played.lines.get(0)).contains("\"client\":\"10.0.0.1:40000\"", "\"upstream\":\"10.0.0.2:7777\"");
        }
    }

    @Test
    void joinsAtTheFirstRequestAfterAnAnswer() throws Exception {
        // The rest of a value, which a sniffer would take for commands in one line each; then its answer.
        Talk talk = new Talk()
                .client("lorem ipsum\r\ndolor\r\n")
                .client("more\r\n")
                .server("+OK\r\n")
                .ask(3);

        Played played = play(talk.packets);

        assertThat(played.lines).hasSize(3).allMatch(line -> line.contains("\"GET\"") && line.contains("\"ok\""));
        assertThat(played.report).doesNotContain("gave_up");
    }

    @Test
    void joinsAtOnceWhereTheFirstBytesAreARequest() throws Exception {
        assertThat(play(new Talk().ask(3).packets).lines).hasSize(3);
        Played answers = play(new Talk().server("+OK\r\n").server("+OK\r\n").packets);
        assertThat(answers.lines).isEmpty();
        assertThat(answers.report).contains("1 connection skipped no_begin");
    }

    @Test
    void needsThePortWhereThereIsNoSyn() throws Exception {
        Talk talk = new Talk();
        talk.serverPort = 7777;
        talk.ask(3);
        Path file = CaptureWriter.pcap(folder.resolve("capture"), talk.packets);

        Played without = Played.redis(file);
        assertThat(without.lines).isEmpty();
        assertThat(without.problem)
                .contains("none has port 6379", "client and server cannot be told apart", "(expected: --port N");
        Played with = Played.of(file, Played.protocol("redis"), 7777);
        assertThat(with.lines).hasSize(3);
        assertThat(with.problem).isNull();
        Played other = Played.of(file, Played.protocol("redis"), 7778);
        assertThat(other.lines).isEmpty();
        assertThat(other.report).contains("6 of other ports");
    }

    @Test
    void asksTheBytesWhereThePortIsUnusual() throws Exception {
        Talk tls = new Talk();
        tls.serverPort = 443;
        tls.open()
                .client("\u0016\u0003\u0001\u0002\u0000\u0001")
                .server("\u0016\u0003\u0003")
                .end();

        Played played = play(tls.packets);

        assertThat(played.lines).isEmpty();
        assertThat(played.report).contains("1 connection skipped other_protocol");
    }

    @Test
    void whatTheSnapLengthCutOffIsAGap() throws Exception {
        Talk cut = talk(40_000).open().ask(2);
        cut.client("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$200\r\n" + "x".repeat(200) + "\r\n")
                .server("+OK\r\n")
                .ask(2);
        Talk other = talk(40_001).open().ask(5);
        Path file = Files.write(
                folder.resolve("capture"),
                CaptureWriter.pcap(byTime(cut, other), ByteOrder.BIG_ENDIAN, 0xa1b2c3d4, 100, 1));

        Played played = Played.redis(file);

        assertThat(played.lines.stream().filter(line -> line.contains("\"ok\"")))
                .hasSize(7);
        assertThat(played.report).contains("1 cut short", "1 gaps", "1 connection gave_up gap");
    }

    @Test
    void aSegmentThatTheCardWillCutHasTheLengthOfTheFrame() throws Exception {
        Talk talk = new Talk().open();
        String value = "v".repeat(100_000);
        talk.client("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$100000\r\n" + value + "\r\n")
                .server("+OK\r\n");
        Packet large = talk.packets.get(3);
        large.bytes()[16] = 0;
        large.bytes()[17] = 0;

        Played played = play(talk.packets);

        assertThat(played.lines).hasSize(1);
        assertThat(played.lines.get(0)).contains("\"SET\"", "\"request_bytes\":" + (31 + 100_000));
    }

    @Test
    void stateOfOneConnectionIsNotThatOfAnother() throws Exception {
        Talk v4 = talk(40_000).open().ask(5).end();
        Talk v6 = talk(40_000);
        v6.v6 = true;
        v6.open().ask(7).end();

        Played played = play(byTime(v4, v6));

        assertThat(played.lines.stream().filter(line -> line.contains("\"[2001:db8::a00:1]:40000\"")))
                .hasSize(7);
        assertThat(played.lines.stream().filter(line -> line.contains("\"10.0.0.1:40000\"")))
                .hasSize(5);
    }

    @Test
    void holdsALimitedNumberOfConnections() throws Exception {
        List<Packet> all = new ArrayList<>();
        int more = 500;
        for (int i = 0; i < Replay.MAX_CONNECTIONS + more; i++) {
            all.addAll(talk(20_000 + i).open().ask(1).packets);
        }

        Played played = play(all);

        assertThat(played.mostOpen).isEqualTo(Replay.MAX_CONNECTIONS);
        assertThat(played.counts.evicted).isEqualTo(more);
        assertThat(played.lines).hasSize(Replay.MAX_CONNECTIONS + more);
        assertThat(played.report).contains("500 connections forgotten");
    }

    @Test
    void forgetsConnectionsThatAreIdleForAnHour() throws Exception {
        Talk idle = talk(40_000).open().ask(1).client("*1\r\n$4\r\nPING\r\n");
        Talk later = talk(40_001);
        later.nanos += 3_700_000_000_000L;
        later.open().ask(1).end();

        Played played = play(byTime(idle, later));

        assertThat(played.counts.evicted).isEqualTo(1);
        assertThat(played.lines).hasSize(3);
        assertThat(played.lines.get(1)).contains("\"PING\"", "\"no_reply\"");
    }

    @Test
    void holdsLimitedBytesOfAConnection() throws Exception {
        Talk talk = new Talk().open().ask(1);
        talk.clientSeq += 7;
        byte[] piece = new byte[1_460];
        Arrays.fill(piece, (byte) 'x');
        for (int i = 0; i < 5_000; i++) {
            talk.send(true, piece);
        }

        Played played = play(talk.packets);

        assertThat(played.mostWaiting).isBetween(3L << 20, Flow.MAX_WAITING + 2_000);
        assertThat(played.report).contains("1 of them for want of memory", "1 connection gave_up gap");
    }

    @Test
    void holdsLimitedBytesOfAllConnectionsTogether() throws Exception {
        List<Packet> all = new ArrayList<>();
        byte[] piece = new byte[60_000];
        for (int i = 0; i < 40; i++) {
            Talk talk = talk(20_000 + i).open().ask(1);
            talk.clientSeq += 7;
            for (int j = 0; j < 50; j++) {
                talk.send(true, piece);
            }
            all.addAll(talk.packets);
        }

        Played played = play(all);

        assertThat(played.mostWaiting).isBetween(50L << 20, Flow.Budget.MAX + 70_000);
        assertThat(played.report).contains("for want of memory", "40 connections gave_up gap");
    }
}
