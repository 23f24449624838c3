package dev.weir.proxy.replay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.filter.Direction;
import dev.weir.core.protocol.Protocol;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.SnifferTester;
import dev.weir.core.testkit.WireScript;
import dev.weir.proxy.replay.Talk.Packet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The recorded conversations of all protocol modules as captures give what the sniffers find in them directly. */
class ReplayWireTest {
    private static final int SEEDS = 8;
    /** Less than a replay has patience for. */
    private static final int MOST_LATE = 40;

    @TempDir
    Path folder;

    /** A conversation, and the name of the protocol. */
    record Recorded(String protocol, WireScript script) {
        @Override
        public String toString() {
            return protocol + " " + script;
        }
    }

    static Stream<Recorded> conversations() throws IOException {
        Path root = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(root.resolve("l4-core"))) {
            root = root.getParent();
        }
        List<Recorded> all = new ArrayList<>();
        try (Stream<Path> modules = Files.list(root)) {
            for (Path module : modules.sorted().toList()) {
                String name = module.getFileName().toString();
                Path wire = module.resolve("src/test/resources/wire");
                if (name.startsWith("filter-") && Files.isDirectory(wire)) {
                    try (Stream<Path> files = Files.list(wire)) {
                        for (Path file : files.sorted().toList()) {
                            String script = file.getFileName().toString().replace(".txt", "");
                            all.add(new Recorded(
                                    name.substring("filter-".length()),
                                    WireScript.parse(script, Files.readString(file))));
                        }
                    }
                }
            }
        }
        assertThat(all.size()).isGreaterThan(30);
        // No capture tells what Weir said.
        return all.stream().filter(one -> one.script().bursts().stream().noneMatch(WireScript.Burst::madeByWeir));
    }

    /** What the sniffer finds without any capture. */
    private static SnifferTester direct(Recorded recorded, Protocol protocol) {
        SnifferTester tester = new SnifferTester(new FakeEnvironment().sniffers(protocol, settings(recorded)));
        recorded.script().play(tester);
        return tester;
    }

    private static Map<String, ?> settings(Recorded recorded) {
        return recorded.protocol().equals("redis") ? Map.of("keys", true) : Map.of();
    }

    private static String outcome(Played played) {
        List<String> stops = played.counts.lines().stream()
                .filter(line -> line.contains(" connection"))
                .map(line -> line.replaceFirst("^1 connection (\\S+) (\\S+)$", "$1:$2"))
                .toList();
        return String.join(", ", stops).replace("encrypted:tls", "encrypted");
    }

    private Played play(List<Packet> packets, Recorded recorded, Protocol protocol, int port) throws IOException {
        Path file = CaptureWriter.pcap(folder.resolve("capture"), packets);
        return Played.of(file, protocol, port, settings(recorded));
    }

    @ParameterizedTest
    @MethodSource("conversations")
    void findsTheSame(Recorded recorded) throws Exception {
        Protocol protocol = Played.protocol(recorded.protocol());
        SnifferTester direct = direct(recorded, protocol);
        Talk talk = new Talk().open();
        for (WireScript.Burst burst : recorded.script().bursts()) {
            talk.nanos = Talk.BEGIN + burst.nanos();
            for (int at = 0; at < burst.bytes().length; at += 60_000) {
                int end = Math.min(at + 60_000, burst.bytes().length);
                talk.send(burst.direction() == Direction.TO_UPSTREAM, Arrays.copyOfRange(burst.bytes(), at, end));
            }
        }

        Played played = play(talk.packets, recorded, protocol, talk.serverPort);

        assertThat(Played.withoutPlace(played.lines))
                .isEqualTo(Played.withoutPlace(Played.lines(direct.recorded().all())));
        assertThat(outcome(played)).isEqualTo(direct.outcome());
    }

    @ParameterizedTest
    @MethodSource("conversations")
    void findsTheSameWhateverTheNetworkDoes(Recorded recorded) throws Exception {
        Protocol protocol = Played.protocol(recorded.protocol());
        SnifferTester direct = direct(recorded, protocol);
        for (int seed = 0; seed < SEEDS; seed++) {
            List<Packet> packets = mixed(recorded.script(), new Random(seed));

            Played played = play(packets, recorded, protocol, 6379);

            assertThat(Played.withoutTimes(played.lines))
                    .as("seed %d: %s", seed, played.report)
                    .isEqualTo(
                            Played.withoutTimes(Played.lines(direct.recorded().all())));
            assertThat(outcome(played)).as("seed %d", seed).isEqualTo(direct.outcome());
        }
    }

    /** Cut anywhere, with packets that come twice, cover older bytes, or come late; over the wrap of the numbers. */
    private static List<Packet> mixed(WireScript script, Random random) {
        Talk talk = new Talk();
        talk.clientSeq = -random.nextInt(300);
        talk.serverSeq = -random.nextInt(300);
        talk.open();
        int begin = talk.packets.size();
        byte[][] said = {new byte[0], new byte[0]};
        int[] first = {talk.serverSeq, talk.clientSeq};
        for (WireScript.Burst burst : script.bursts()) {
            boolean client = burst.direction() == Direction.TO_UPSTREAM;
            int side = client ? 1 : 0;
            int at = 0;
            while (at < burst.bytes().length) {
                int most = random.nextInt(4) == 0 ? 1_460 : 30;
                int end = Math.min(burst.bytes().length, at + 1 + random.nextInt(most));
                byte[] piece = Arrays.copyOfRange(burst.bytes(), at, end);
                at = end;
                talk.send(client, piece);
                int before = said[side].length;
                said[side] = Arrays.copyOf(said[side], before + piece.length);
                System.arraycopy(piece, 0, said[side], before, piece.length);
                int ack = client ? talk.serverSeq : talk.clientSeq;
                if (random.nextInt(5) == 0) {
                    int from = random.nextInt(said[side].length);
                    int to = from + 1 + random.nextInt(Math.min(1_460, said[side].length - from));
                    byte[] again = Arrays.copyOfRange(said[side], from, to);
                    talk.packets.add(talk.packet(client, first[side] + from, ack, Talk.ACK, again));
                }
                if (random.nextInt(10) == 0) {
                    int next = first[side] + said[side].length;
                    talk.packets.add(talk.packet(client, next - 1, ack, Talk.ACK, new byte[1]));
                }
            }
        }
        List<Packet> packets = new ArrayList<>(talk.packets.subList(0, begin));
        List<Packet> rest = talk.packets.subList(begin, talk.packets.size());
        long[] place = new long[rest.size()];
        for (int i = 0; i < place.length; i++) {
            // A probe comes when nothing else does: after all before it.
            boolean probe = rest.get(i).bytes()[rest.get(i).bytes().length - 1] == 0;
            place[i] = (long) (i + (probe ? MOST_LATE : random.nextInt(MOST_LATE))) << 32 | i;
        }
        Arrays.sort(place);
        for (long p : place) {
            packets.add(rest.get((int) p));
        }
        for (int i = 0; i < packets.size(); i++) {
            packets.set(i, packets.get(i).at(Talk.BEGIN + i));
        }
        return packets;
    }
}
