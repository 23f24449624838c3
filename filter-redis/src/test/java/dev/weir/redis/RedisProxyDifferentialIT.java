package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The same random commands to one plain server and through {@code redis_proxy} to three: the answers have to be the same, byte by byte. Keys
 * that have to lie together have a hash tag. {@code -Dweir.seed} repeats a run.
 */
final class RedisProxyDifferentialIT {
    private static final int ROUNDS = 2_000;
    /** After as many rounds all keys are looked for. */
    private static final int SCANS = 10;

    /** So many differences end a run. */
    private static final int MOST = 30;
    /** More than as many different commands are answered, and not by an error. */
    private static final int COMMANDS = 200;
    /** Fewer of those that the server has and the proxy supports are only ever answered by errors, by chance. */
    private static final int UNLUCKY = 6;

    private static final CommandTable TABLE = CommandTable.load();
    private static final PlanTable PLANS = new PlanTable(TABLE);

    /** Of the commands that the proxy supports, those whose answers are not the same at two servers, or that end the connection. */
    private static final Set<String> NOT_COMPARED = Set.of(
            "AUTH",
            "CLIENT ID",
            "CLIENT INFO",
            "CLIENT KILL",
            "CLIENT LIST",
            "COMMAND",
            "COMMAND COUNT",
            "COMMAND DOCS",
            "COMMAND LIST",
            "CONFIG REWRITE",
            "INFO",
            "PFDEBUG",
            "QUIT",
            "RESTORE-ASKING",
            "TIME",
            "VINFO",
            "VLINKS");

    static Stream<Arguments> all() {
        long seed = Long.getLong("weir.seed", System.nanoTime());
        return TestServer.available().stream()
                .flatMap(name -> Stream.of(Arguments.of(name, false, seed), Arguments.of(name, true, seed + 1)));
    }

    @ParameterizedTest
    @MethodSource("all")
    void answersAreThoseOfOneServer(String name, boolean resp3, long seed) throws Exception {
        try (ShardedBed bed = ShardedBed.of(List.of(name, name, name), Map.of())) {
            new Run(name, resp3, seed, "(?!)").compare(bed.port(), "");
        }
    }

    /** Also where keys are called otherwise at the shards; what scripts see of them they may tell. */
    @ParameterizedTest
    @MethodSource("all")
    void namesAreThoseOfTheClients(String name, boolean resp3, long seed) throws Exception {
        try (ShardedBed bed = ShardedBed.of(List.of(name, name, name), Map.of("key_format", "app:%KEY%:{x"))) {
            new Run(name, resp3, seed, "app:(.*?):\\{x").compare(bed.port(), "-names");
        }
    }

    /** And where the shards are a Redis Cluster, which has one database. */
    @ParameterizedTest
    @MethodSource("all")
    void aClusterAnswersAsOneServer(String name, boolean resp3, long seed) throws Exception {
        try (TestCluster cluster = TestCluster.start(name, 3, 0);
                Proxy proxy = cluster.proxy(new SimpleMeterRegistry(), Map.of(), Map.of())) {
            TestCluster.connect(proxy).close();
            new Run(name, resp3, seed, "(?!)").compare(proxy.address("cache").port(), "-cluster");
        }
    }

    /** One script, sent twice. */
    private static final class Run {
        private final String name;
        private final boolean resp3;
        private final long seed;
        private final Random random;
        private final ProxyAnswers answers;
        /** Commands that were answered, and not by an error. */
        private final Set<String> answered = new TreeSet<>();

        private final List<String> differences = new ArrayList<>();

        Run(String name, boolean resp3, long seed, String stored) {
            this.name = name;
            this.resp3 = resp3;
            this.seed = seed;
            this.random = new Random(seed);
            this.answers = new ProxyAnswers(stored);
        }

        /** @param without the mark of forms that are left out */
        void compare(int port, String without) throws Exception {
            System.out.println("weir.seed=" + seed + " " + name + (resp3 ? " RESP3" : " RESP2") + without);
            try (TestServer plain = TestServer.start(name);
                    RawClient one = new RawClient(plain.port());
                    RawClient two = new RawClient(port)) {
                // Servers look for those that have waited long enough as often.
                assertThat(one.call("CONFIG", "SET", "hz", "500")).isEqualTo("+OK\r\n");
                assertThat(two.call("CONFIG", "SET", "hz", "500")).isEqualTo("+OK\r\n");
                if (resp3) {
                    assertThat(one.call("HELLO", "3")).startsWith("%");
                    assertThat(two.call("HELLO", "3")).startsWith("%");
                }
                Set<String> known;
                try (RawClient asking = new RawClient(plain.port())) {
                    known = known(asking);
                }
                boolean old = !known.contains("CONFIG GET");
                Predicate<ProxyScript.Form> used = form -> !form.marks().contains(without)
                        && !(name.contains("valkey") && form.marks().contains("-valkey"))
                        && !(old && form.marks().contains("7+"))
                        && (old || !form.any(command -> answeredByWeirOnly(command, known)));
                ProxyScript script = new ProxyScript(random, used, resp3 ? 3 : 2);
                int batches = 0;
                for (int done = 0; done < ROUNDS; batches++) {
                    List<ProxyScript.Step> batch = new ArrayList<>();
                    while (batch.size() < 1 + done % 40) {
                        batch.addAll(script.next());
                    }
                    compare(batch, one, two);
                    if (batches % SCANS == 0) {
                        scan(one, two);
                    }
                    done += batch.size();
                }
                assertThat(differences).as("-Dweir.seed=%s", seed).isEmpty();
                Set<String> missing = new TreeSet<>(known);
                missing.removeAll(NOT_COMPARED);
                missing.removeAll(answered);
                assertThat(missing)
                        .as("-Dweir.seed=%s, commands that were never answered", seed)
                        .hasSizeLessThan(UNLUCKY);
                assertThat(answered).hasSizeGreaterThan(COMMANDS);
            }
        }

        private void compare(List<ProxyScript.Step> batch, RawClient one, RawClient two) throws IOException {
            StringBuilder bytes = new StringBuilder();
            batch.forEach(step -> bytes.append(RawClient.encode(step.words().toArray(new String[0]))));
            one.write(bytes.toString());
            two.write(bytes.toString());
            for (ProxyScript.Step step : batch) {
                if (step.answered()) {
                    CommandInfo info = info(step.words());
                    String expected = one.read();
                    String found = two.read();
                    String is = answers.found(info, expected, found);
                    String due = answers.expected(info, expected);
                    if (!is.equals(due)) {
                        differences.add(step + " is answered by\n" + is + "not by\n" + due + "among " + batch);
                        assertThat(differences).as("-Dweir.seed=%s", seed).hasSizeLessThan(MOST);
                    }
                    if (!expected.startsWith("-") && !expected.startsWith("+QUEUED")) {
                        answered.add(info.operation.name());
                    }
                }
            }
        }

        /** SCAN until its end, of the current database. */
        private void scan(RawClient one, RawClient two) throws IOException {
            List<String> options = switch (random.nextInt(4)) {
                case 0 -> List.of("MATCH", "k[1-3]?");
                case 1 -> List.of("TYPE", "string");
                case 2 -> List.of("COUNT", String.valueOf(1 + random.nextInt(20)));
                default -> List.of();
            };
            assertThat(scan(two, options))
                    .as("-Dweir.seed=%s, SCAN %s", seed, options)
                    .isEqualTo(scan(one, options));
            answered.add("SCAN");
        }

        private static Set<String> scan(RawClient client, List<String> options) throws IOException {
            Set<String> keys = new TreeSet<>();
            String cursor = "0";
            do {
                List<String> command = new ArrayList<>(List.of("SCAN", cursor));
                command.addAll(options);
                String[] lines = client.call(command.toArray(new String[0])).split("\r\n", -1);
                cursor = lines[2];
                for (int i = 5; i < lines.length; i += 2) {
                    keys.add(lines[i]);
                }
            } while (!cursor.equals("0"));
            return keys;
        }
    }

    private static CommandInfo info(List<String> words) {
        CommandInfo sub = words.size() < 2 ? null : TABLE.find(words.get(0) + " " + words.get(1));
        CommandInfo info = sub == null ? TABLE.find(words.get(0)) : sub;
        return info == null ? TABLE.other() : info;
    }

    /** The commands that a server has and the proxy supports, by their names in the table; of a server without sub-commands in COMMAND only the others. */
    private static Set<String> known(RawClient server) throws IOException {
        Set<String> known = new TreeSet<>();
        for (CommandInfo info : TABLE.all()) {
            String name = info.operation.name();
            boolean container = info.container && !name.equals("COMMAND");
            if (info.index > 0 && !container && PLANS.supports(name)) {
                String asked = name.toLowerCase(Locale.ROOT).replace(' ', '|');
                if (server.call("COMMAND", "INFO", asked).matches("(?s)\\*1\r\n\\*\\d.*")) {
                    known.add(name);
                }
            }
        }
        return known;
    }

    /** Whether the proxy answers a command by itself, which this server does not have. */
    private static boolean answeredByWeirOnly(String command, Set<String> known) {
        CommandInfo info = info(List.of(command.split(" ")));
        Plan plan = PLANS.of(info);
        return info.parent != null && plan == Plan.CLIENT && !known.contains(info.operation.name());
    }
}
