package dev.weir.testbeds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.core.cluster.KeyHash;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Debian's twemproxy and {@code weir nutcracker}, each a process of its own, with the same file but for the ports, in front of the same real Redis
 * servers: what one has stored the other finds.
 */
class NutcrackerDropInIT {
    private static final int KEYS = 120;
    private static final List<String> TAGS = List.of("{}", "<>", "||");

    @TempDir
    Path folder;

    private final List<RedisBed> servers = new ArrayList<>();
    private String binary = "";

    @BeforeEach
    void needsTwemproxy() {
        String found = PeerProxy.installed("nutcracker", "/usr/sbin/nutcracker", "/usr/local/sbin/nutcracker");
        assumeTrue(found != null, "no nutcracker (testbeds/install-servers.sh)");
        binary = String.valueOf(found);
    }

    @AfterEach
    void stopServers() {
        servers.forEach(RedisBed::close);
    }

    /**
     * A pool of the file.
     *
     * @param name its name
     * @param rest all but the address where it listens
     */
    private record Pool(String name, String rest) {
        /** In the order of hash, distribution and so on; servers as twemproxy writes them. */
        static Pool of(String name, List<String> servers, String... fields) {
            StringBuilder text = new StringBuilder("  redis: true\n");
            for (String field : fields) {
                text.append("  ").append(field).append('\n');
            }
            text.append("  servers:\n");
            servers.forEach(server -> text.append("    - \"").append(server).append("\"\n"));
            return new Pool(name, text.toString());
        }
    }

    // ---- the two

    private PeerProxy nutcracker(List<Pool> pools) throws IOException, InterruptedException {
        return start(binary, pools);
    }

    private PeerProxy weir(List<Pool> pools) throws IOException, InterruptedException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        return start(java + " -XX:TieredStopAtLevel=1 -cp " + classPath + " dev.weir.proxy.Main nutcracker", pools);
    }

    /** The last of its ports is that of the statistics. */
    private PeerProxy start(String program, List<Pool> pools) throws IOException, InterruptedException {
        return PeerProxy.start(
                folder,
                List.of("sh", "-c", "exec " + program + " -a 127.0.0.1 -i 100 -s $(sed -n 's/^# stats //p' $0) -c $0"),
                pools.size() + 1,
                ".yml",
                ports -> {
                    StringBuilder text = new StringBuilder("# stats " + ports.get(pools.size()) + "\n");
                    for (int i = 0; i < pools.size(); i++) {
                        Pool pool = pools.get(i);
                        text.append(pool.name + ":\n  listen: 127.0.0.1:" + ports.get(i) + "\n" + pool.rest);
                    }
                    return text.toString();
                });
    }

    private static int last(PeerProxy proxy) {
        return proxy.ports().get(proxy.ports().size() - 1);
    }

    /** Starts a server that listens on a Unix socket as well. */
    private RedisBed server(String socket) throws IOException, InterruptedException {
        RedisBed.Kind plain = RedisBed.embedded();
        List<String> command = new ArrayList<>(plain.command());
        command.addAll(List.of("--unixsocket", folder.resolve(socket).toString()));
        RedisBed server = RedisBed.start(new RedisBed.Kind(plain.name(), command));
        servers.add(server);
        return server;
    }

    // ---- keys

    private static List<byte[][]> commands(String name, List<byte[]> keys, @Nullable String value) {
        List<byte[][]> commands = new ArrayList<>();
        for (int i = 0; i < keys.size(); i++) {
            byte[] command = name.getBytes(StandardCharsets.US_ASCII);
            byte[] key = keys.get(i);
            commands.add(
                    value == null
                            ? new byte[][] {command, key}
                            : new byte[][] {command, key, (value + i).getBytes(StandardCharsets.US_ASCII)});
        }
        return commands;
    }

    /** What one stores the other has to find. */
    private static void transfer(String which, int from, int to, List<byte[]> keys, String value) throws IOException {
        try (RespPipe writer = new RespPipe(from);
                RespPipe reader = new RespPipe(to)) {
            assertThat(writer.all(commands("SET", keys, value))).as(which).containsOnly("+OK");
            List<String> found = reader.all(commands("GET", keys, null));
            List<String> missed = new ArrayList<>();
            for (int i = 0; i < keys.size(); i++) {
                String text = value + i;
                if (!found.get(i).equals("$" + text.length() + "\n" + text)) {
                    missed.add(HexFormat.of().formatHex(keys.get(i)) + " is " + found.get(i));
                }
            }
            assertThat(missed).as(which).isEmpty();
        }
    }

    @Test
    void keysAreOnTheSameServers() throws Exception {
        long seed = RandomKeys.seed();
        Random random = new Random(seed);
        for (int i = 0; i < 5; i++) {
            server("s" + i);
        }
        List<Pool> pools = new ArrayList<>();
        List<String> tags = new ArrayList<>();
        for (String hash : KeyHash.twemproxyNames()) {
            for (String distribution : List.of("ketama", "modula")) {
                String tag = random.nextBoolean() ? TAGS.get(random.nextInt(TAGS.size())) : null;
                tags.add(tag == null ? "{}" : tag);
                List<String> fields = new ArrayList<>(List.of("hash: " + hash, "distribution: " + distribution));
                if (tag != null) {
                    fields.add("hash_tag: \"" + tag + "\"");
                }
                fields.add("preconnect: " + random.nextBoolean());
                fields.add("redis_db: " + random.nextInt(3));
                pools.add(Pool.of(hash + "-" + distribution, members(random), fields.toArray(new String[0])));
            }
        }

        try (PeerProxy theirs = nutcracker(pools);
                PeerProxy ours = weir(pools)) {
            for (int i = 0; i < pools.size(); i++) {
                int pool = i;
                List<byte[]> keys = distinct(RandomKeys.some(KEYS, tags.get(i), random), "p" + pool);
                String which = "-Dweir.seed=" + seed + " " + pools.get(i);
                transfer(which, ours.ports().get(pool), theirs.ports().get(pool), keys, "ours");
                transfer(which, theirs.ports().get(pool), ours.ports().get(pool), keys, "theirs");
            }
        }
    }

    /** Each once, and no pool's are another one's: they share their servers. */
    private static List<byte[]> distinct(List<byte[]> keys, String pool) {
        List<byte[]> distinct = new ArrayList<>();
        for (int i = 0; i < keys.size(); i++) {
            byte[] mark = (pool + ":" + i).getBytes(StandardCharsets.US_ASCII);
            byte[] key = java.util.Arrays.copyOf(keys.get(i), keys.get(i).length + mark.length);
            System.arraycopy(mark, 0, key, keys.get(i).length, mark.length);
            distinct.add(key);
        }
        return distinct;
    }

    private List<String> members(Random random) {
        List<Integer> chosen = new ArrayList<>(List.of(0, 1, 2, 3, 4));
        Collections.shuffle(chosen, random);
        Set<String> names = new HashSet<>();
        List<String> members = new ArrayList<>();
        for (int i : chosen.subList(0, 1 + random.nextInt(5))) {
            String place = random.nextInt(4) == 0
                    ? folder.resolve("s" + i).toString()
                    : (random.nextInt(4) == 0 ? "localhost:" : "127.0.0.1:")
                            + servers.get(i).port();
            String name = "n" + Integer.toString(random.nextInt(100_000), 36);
            members.add(place + ":" + (1 + random.nextInt(random.nextInt(2) == 0 ? 1 : 9))
                    + (random.nextBoolean() && names.add(name) ? " " + name : ""));
        }
        return members;
    }

    // ---- servers that fail

    @Test
    void aDeadServerIsLeftOutAndComesBack() throws Exception {
        for (int i = 0; i < 4; i++) {
            server("s" + i);
        }
        List<String> members = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            members.add("127.0.0.1:" + servers.get(i).port() + ":" + (i + 1) + " server" + i);
        }
        List<Pool> pools = List.of(
                Pool.of("long", members, "auto_eject_hosts: true", "server_retry_timeout: 600000"),
                Pool.of("short", members, "auto_eject_hosts: true", "server_retry_timeout: 500", "preconnect: true"),
                Pool.of("never", members, "auto_eject_hosts: false", "server_failure_limit: 1"));
        List<byte[]> keys = distinct(RandomKeys.some(600, "{}", new Random(7)), "e");
        RedisBed victim = servers.get(2);
        try (PeerProxy theirs = nutcracker(pools);
                PeerProxy ours = weir(pools)) {
            transfer("", ours.ports().get(0), theirs.ports().get(0), keys, "before");
            List<byte[]> lost = keysOf(victim, keys);
            assertThat(lost).hasSizeBetween(50, 400);

            victim.close();
            assertThat(errorsEnd(theirs.ports().get(0), keys)).isTrue();
            assertThat(errorsEnd(ours.ports().get(0), keys)).isTrue();
            // Weights differ: keys of those that are left move, too.
            transfer("", ours.ports().get(0), theirs.ports().get(0), keys, "without");
            transfer("", theirs.ports().get(0), ours.ports().get(0), keys, "again");
            try (RespPipe never = new RespPipe(ours.ports().get(2))) {
                for (int i = 0; i < 3; i++) {
                    List<String> answers = never.all(commands("GET", keys, null));
                    assertThat(answers.stream().filter(answer -> answer.startsWith("-")))
                            .hasSameSizeAs(lost);
                }
            }

            assertThat(errorsEnd(ours.ports().get(1), keys)).isTrue();
            try (RedisBed back = RedisBed.start(RedisBed.embedded(), victim.port())) {
                assertThat(Setup.eventually(() -> stored(ours.ports().get(1), lost, back)))
                        .as("the server is used again")
                        .isTrue();
                assertThat(statistics(ours, "short", "server2", "server_ejected_at"))
                        .isPositive();
                assertThat(statistics(ours, "short", null, "server_ejects")).isPositive();
                assertThat(statistics(ours, "never", null, "server_ejects")).isZero();
            }
        }
    }

    private static List<byte[]> keysOf(RedisBed server, List<byte[]> keys) throws IOException {
        try (RespPipe direct = new RespPipe(server.port())) {
            List<String> found = direct.all(commands("EXISTS", keys, null));
            List<byte[]> own = new ArrayList<>();
            for (int i = 0; i < keys.size(); i++) {
                if (found.get(i).equals(":1")) {
                    own.add(keys.get(i));
                }
            }
            return own;
        }
    }

    private static boolean errorsEnd(int port, List<byte[]> keys) throws InterruptedException {
        return Setup.eventually(() -> {
            try (RespPipe client = new RespPipe(port)) {
                return client.all(commands("GET", keys, null)).stream().noneMatch(answer -> answer.startsWith("-"));
            } catch (IOException closed) {
                return false; // twemproxy may close after an error
            }
        });
    }

    private static boolean stored(int port, List<byte[]> keys, RedisBed server) {
        try (RespPipe client = new RespPipe(port);
                RespPipe direct = new RespPipe(server.port())) {
            client.all(commands("SET", keys, "back"));
            return direct.ask("DBSIZE").equals(":" + keys.size());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    // ---- answers

    @Test
    void answersAsItDoesOrBetter() throws Exception {
        server("s0");
        server("s1");
        server("s2");
        List<String> members =
                servers.stream().map(server -> server.address() + ":1").toList();
        List<Pool> pools = List.of(
                Pool.of("open", members, "hash: murmur", "timeout: 2000"),
                Pool.of("one", members.subList(0, 1), "redis_db: 5"),
                Pool.of("random", members, "distribution: random"));
        try (PeerProxy theirs = nutcracker(pools);
                PeerProxy ours = weir(pools)) {
            List<byte[][]> both = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                both.add(RespPipe.command("EVAL", "return KEYS[1] .. KEYS[2]", "2", "a" + i, "b" + i));
                both.add(RespPipe.command("MSET", "a" + i, "1", "b" + i, "2", "c" + i, "3"));
                both.add(RespPipe.command("MGET", "a" + i, "x" + i, "b" + i, "c" + i));
                both.add(RespPipe.command("DEL", "a" + i, "b" + i, "x" + i));
                both.add(RespPipe.command("RPUSH", "l" + i, "1", "2"));
                both.add(RespPipe.command("DEL", "l" + i));
            }
            both.add(RespPipe.command("PING"));
            try (RespPipe their = new RespPipe(theirs.ports().get(0));
                    RespPipe our = new RespPipe(ours.ports().get(0))) {
                List<String> expected = their.all(both);
                assertThat(our.all(both)).isEqualTo(expected);
                assertThat(expected).noneMatch(answer -> answer.startsWith("-"));
            }
            for (String[] command : List.of(
                    new String[] {"GET", "a", "b"}, new String[] {"KEYS", "*"}, new String[] {"NOSUCH"}, new String[] {
                        "SELECT", "1"
                    })) {
                try (RespPipe their = new RespPipe(theirs.ports().get(1));
                        RespPipe our = new RespPipe(ours.ports().get(1))) {
                    their.send(encoded(command));
                    assertThat(their.isClosed()).as("%s ends it", command[0]).isTrue();
                    our.ask(command);
                    assertThat(our.ask("PING")).isEqualTo("+PONG");
                }
            }
            databases(theirs, ours);
            try (RespPipe our = new RespPipe(ours.ports().get(2))) {
                assertThat(our.all(Collections.nCopies(30, RespPipe.command("INCR", "anywhere"))))
                        .allMatch(answer -> answer.startsWith(":"));
            }
            for (RedisBed server : servers) {
                assertThat(server.ask("EXISTS anywhere")).startsWith(":1");
            }
        }
    }

    private static String encoded(String... words) {
        StringBuilder text = new StringBuilder("*" + words.length + "\r\n");
        for (String word : words) {
            text.append("$").append(word.length()).append("\r\n").append(word).append("\r\n");
        }
        return text.toString();
    }

    private void databases(PeerProxy theirs, PeerProxy ours) throws IOException {
        try (RespPipe their = new RespPipe(theirs.ports().get(1));
                RespPipe our = new RespPipe(ours.ports().get(1));
                RespPipe direct = new RespPipe(servers.get(0).port())) {
            assertThat(our.ask("SET", "in5", "v")).isEqualTo("+OK");
            assertThat(their.ask("GET", "in5")).isEqualTo("$1\nv");
            assertThat(direct.ask("EXISTS", "in5")).isEqualTo(":0");
            assertThat(direct.ask("SELECT", "5")).isEqualTo("+OK");
            assertThat(direct.ask("GET", "in5")).isEqualTo("$1\nv");
            assertThat(our.ask("SELECT", "0")).isEqualTo("+OK");
            assertThat(our.ask("SELECT", "1")).isEqualTo("-ERR DB index is out of range");
            assertThat(our.ask("GET", "in5")).isEqualTo("$1\nv");
        }
    }

    @Test
    void asksForThePassword() throws Exception {
        RedisBed server = server("s0");
        server.ask("CONFIG SET requirepass s3cret");
        List<Pool> pools = List.of(Pool.of("a", List.of(server.address() + ":1"), "redis_auth: s3cret"));
        try (PeerProxy theirs = nutcracker(pools);
                PeerProxy ours = weir(pools)) {
            for (PeerProxy proxy : List.of(theirs, ours)) {
                try (RespPipe client = new RespPipe(proxy.ports().get(0))) {
                    assertThat(client.ask("GET", "k")).startsWith("-NOAUTH Authentication required");
                    assertThat(client.ask("AUTH", "wrong")).startsWith("-").contains("invalid");
                    assertThat(client.ask("AUTH", "s3cret")).isEqualTo("+OK");
                    assertThat(client.ask("GET", "k")).isEqualTo("$-1");
                }
            }
        }
    }

    // ---- statistics

    @Test
    void statisticsHaveTheSameNamesAndNumbers() throws Exception {
        server("s0");
        server("s1");
        List<String> members = List.of(
                servers.get(0).address() + ":1",
                folder.resolve("s1") + ":3 zeta",
                "127.0.0.1:11211:1",
                folder.resolve("nobody") + ":1");
        List<Pool> pools = List.of(Pool.of("alpha", members), Pool.of("beta", members.subList(0, 2), "hash: md5"));
        try (PeerProxy theirs = nutcracker(pools);
                PeerProxy ours = weir(pools)) {
            List<byte[]> keys = distinct(RandomKeys.some(100, "{}", new Random(3)), "s");
            for (PeerProxy proxy : List.of(theirs, ours)) {
                try (RespPipe client = new RespPipe(proxy.ports().get(1))) {
                    client.all(commands("SET", keys, "v"));
                    client.all(commands("GET", keys, null));
                }
            }
            assertThat(Setup.eventually(() -> statistics(theirs, "beta", "zeta", "responses")
                            == statistics(ours, "beta", "zeta", "responses")))
                    .isTrue();

            assertThat(names(text(ours))).isEqualTo(names(text(theirs)));
            for (String server : List.of("zeta", servers.get(0).address())) {
                for (String field : List.of(
                        "requests",
                        "request_bytes",
                        "responses",
                        "response_bytes",
                        "in_queue",
                        "out_queue",
                        "in_queue_bytes",
                        "out_queue_bytes",
                        "server_eof",
                        "server_err",
                        "server_timedout")) {
                    assertThat(statistics(ours, "beta", server, field))
                            .as(server + " " + field)
                            .isEqualTo(statistics(theirs, "beta", server, field));
                }
                assertThat(statistics(ours, "beta", server, "server_connections"))
                        .isPositive();
            }
            for (PeerProxy proxy : List.of(theirs, ours)) {
                long before = statistics(proxy, "alpha", null, "client_eof");
                new RespPipe(proxy.ports().get(0)).close();
                assertThat(Setup.eventually(() -> statistics(proxy, "alpha", null, "client_eof") == before + 1))
                        .isTrue();
            }
        }
    }

    private static String text(PeerProxy proxy) {
        try (RespPipe port = new RespPipe(last(proxy))) {
            return port.rest();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** All names, in their order, with what opens and closes. */
    private static List<String> names(String json) {
        List<String> names = new ArrayList<>();
        Matcher name = Pattern.compile("\"([^\"]*)\" ?:|[{}]").matcher(json);
        while (name.find()) {
            names.add(name.group(1) == null ? name.group() : name.group(1));
        }
        return names;
    }

    /** A number of a pool, or of one of its servers. */
    private static long statistics(PeerProxy proxy, String pool, @Nullable String server, String field) {
        String json = text(proxy);
        int at = json.indexOf("\"" + pool + "\":");
        if (server != null) {
            at = json.indexOf("\"" + server + "\":", at);
        }
        Matcher number = Pattern.compile("\"" + field + "\": ?([0-9]+)").matcher(json);
        assertThat(at >= 0 && number.find(at)).as(json).isTrue();
        return Long.parseLong(number.group(1));
    }
}
