package dev.weir.redis;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A real Redis Cluster for a test; made by {@code redis-cli} where there is one. */
final class TestCluster implements AutoCloseable {
    private static final Path REDIS_CLI = Path.of("/usr/bin/redis-cli");
    private static final Pattern MASTER =
            Pattern.compile("^\\w{40} \\S+?:(\\d+)@\\S+ \\S*master\\S* - \\d+ \\d+ (\\d+) ");
    private static final Pattern NODE = Pattern.compile("(\\w{40}) \\S+?:(\\d+)@");

    private final String name;
    final List<TestServer> nodes = new ArrayList<>();
    private final Random random = new Random();

    private TestCluster(String name) {
        this.name = name;
    }

    /** So many masters, each with so many replicas. */
    static TestCluster start(String name, int masters, int replicas) throws Exception {
        TestCluster cluster = new TestCluster(name);
        try {
            for (int i = 0; i < masters * (1 + replicas); i++) {
                cluster.add();
            }
            cluster.create(masters, replicas);
            return cluster;
        } catch (Exception | Error e) {
            cluster.close();
            throw e;
        }
    }

    /** One more node, alone. */
    TestServer add() throws Exception {
        Path folder = Files.createTempDirectory("weir");
        TestServer node = TestServer.startOn(
                name,
                freePort(),
                List.of(
                        "cluster-enabled yes",
                        "cluster-node-timeout 1500",
                        "cluster-config-file " + folder.resolve("nodes.conf"),
                        "repl-diskless-sync-delay 0"));
        nodes.add(node);
        return node;
    }

    /** Its bus listens on the port that is 10,000 higher. */
    private int freePort() throws IOException {
        while (true) {
            int port = 15_000 + random.nextInt(7_000);
            try (ServerSocket one = new ServerSocket(port, 1, InetAddress.getLoopbackAddress());
                    ServerSocket two = new ServerSocket(port + 10_000, 1, InetAddress.getLoopbackAddress())) {
                if (one.isBound() && two.isBound()) {
                    return port;
                }
            } catch (IOException taken) {
                // Another one, then.
            }
        }
    }

    private void create(int masters, int replicas) throws Exception {
        if (Files.isExecutable(REDIS_CLI)) {
            List<String> command = new ArrayList<>(List.of("--cluster", "create"));
            nodes.forEach(node -> command.add("127.0.0.1:" + node.port()));
            command.addAll(List.of("--cluster-replicas", String.valueOf(replicas), "--cluster-yes"));
            cli(command);
        } else {
            for (int i = 0; i < masters; i++) {
                List<String> slots = new ArrayList<>(List.of("CLUSTER", "ADDSLOTS"));
                for (int slot = i * Slots.COUNT / masters; slot < (i + 1) * Slots.COUNT / masters; slot++) {
                    slots.add(String.valueOf(slot));
                }
                call(nodes.get(i), slots.toArray(new String[0]));
                call(nodes.get(i), "CLUSTER", "SET-CONFIG-EPOCH", String.valueOf(i + 1));
            }
            for (TestServer node : nodes) {
                call(nodes.get(0), "CLUSTER", "MEET", "127.0.0.1", String.valueOf(node.port()));
            }
            awaitNodes();
            for (int i = masters; i < nodes.size(); i++) {
                call(nodes.get(i), "CLUSTER", "REPLICATE", id(nodes.get(i % masters)));
            }
        }
        for (TestServer node : nodes) {
            await(node, "CLUSTER INFO", "cluster_state:ok");
        }
        awaitReplicas(masters * replicas);
    }

    /** Until each node knows all. */
    void awaitNodes() throws Exception {
        for (TestServer node : nodes) {
            await(node, "CLUSTER INFO", "cluster_known_nodes:" + nodes.size() + "\r");
        }
    }

    private void awaitReplicas(int wanted) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (true) {
            int up = 0;
            boolean known = true;
            for (TestServer node : nodes) {
                up += call(node, "INFO", "replication").contains("master_link_status:up") ? 1 : 0;
                try (TestServer.Client client = node.connect()) {
                    int replicas = 0;
                    for (Object range : (List<?>) client.call("CLUSTER", "SLOTS")) {
                        replicas += ((List<?>) range).size() - 3;
                    }
                    known &= replicas == wanted;
                }
            }
            if (up >= wanted && known) {
                return;
            }
            if (System.nanoTime() > end) {
                throw new IOException("only " + up + " replicas are connected, or not all nodes know them");
            }
            Thread.sleep(50);
        }
    }

    /** Until the answer to a command holds a text. */
    static void await(TestServer node, String command, String wanted) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        String answer = call(node, command.split(" ", -1));
        while (!answer.contains(wanted)) {
            if (System.nanoTime() > end) {
                throw new IOException(node.port() + " does not answer " + wanted + " but " + answer);
            }
            Thread.sleep(20);
            answer = call(node, command.split(" ", -1));
        }
    }

    /** Until a counter has grown by so much, as its slot's owner says. */
    void awaitMore(int slot, String key, int more) throws Exception {
        TestServer owner = owner(slot, nodes.get(0));
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        long first = -1;
        while (true) {
            String count = call(owner, "GET", key);
            long now = count.matches("[0-9]+") ? Long.parseLong(count) : 0;
            first = first < 0 ? now : first;
            if (now >= first + more) {
                return;
            }
            if (System.nanoTime() > end) {
                throw new IOException(key + " is " + count + ", not " + more + " more than " + first);
            }
            Thread.sleep(10);
        }
    }

    static String call(TestServer node, String... command) throws IOException {
        try (TestServer.Client client = node.connect()) {
            return String.valueOf(client.call(command));
        }
    }

    /** Runs {@code redis-cli}. */
    static String cli(List<String> arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(REDIS_CLI.toString()));
        command.addAll(arguments);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", command) + ": " + said);
        }
        return said;
    }

    static boolean hasCli() {
        return Files.isExecutable(REDIS_CLI);
    }

    /** The node's id. */
    static String id(TestServer node) throws IOException {
        return call(node, "CLUSTER", "MYID");
    }

    /** The node on a port. */
    TestServer node(int port) {
        return nodes.stream()
                .filter(node -> node.port() == port)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no node on port " + port));
    }

    /** Those that are master, or are not, by their own account. */
    List<TestServer> having(String role) throws IOException {
        List<TestServer> found = new ArrayList<>();
        for (TestServer node : nodes) {
            if (call(node, "INFO", "replication").contains("role:" + role + "\r")) {
                found.add(node);
            }
        }
        return found;
    }

    /** The master that has a slot, by what {@code asked} says. */
    TestServer owner(int slot, TestServer asked) throws IOException {
        try (TestServer.Client client = asked.connect()) {
            for (Object entry : (List<?>) client.call("CLUSTER", "SLOTS")) {
                List<?> range = (List<?>) entry;
                if ((Long) range.get(0) <= slot && slot <= (Long) range.get(1)) {
                    return node(((Long) ((List<?>) range.get(2)).get(1)).intValue());
                }
            }
        }
        throw new IOException("nobody has slot " + slot);
    }

    /** The address of a replica of a master. */
    TestServer replicaOf(TestServer master) throws IOException {
        String id = id(master);
        Matcher node = NODE.matcher(call(master, "CLUSTER", "REPLICAS", id));
        if (!node.find()) {
            throw new IOException(master.port() + " has no replica");
        }
        return node(Integer.parseInt(node.group(2)));
    }

    // ---- a slot goes from one node to another (cluster specification, "Cluster live reconfiguration")

    /** From now on keys of the slot may be asked for at {@code to}. */
    static void beginMove(int slot, TestServer from, TestServer to) throws IOException {
        ok(call(to, "CLUSTER", "SETSLOT", String.valueOf(slot), "IMPORTING", id(from)));
        ok(call(from, "CLUSTER", "SETSLOT", String.valueOf(slot), "MIGRATING", id(to)));
    }

    /** Moves up to so many keys; answers how many. */
    static int moveKeys(int slot, int most, TestServer from, TestServer to) throws IOException {
        try (TestServer.Client client = from.connect()) {
            List<?> keys =
                    (List<?>) client.call("CLUSTER", "GETKEYSINSLOT", String.valueOf(slot), String.valueOf(most));
            if (keys == null || keys.isEmpty()) {
                return 0;
            }
            List<String> command = new ArrayList<>(
                    List.of("MIGRATE", "127.0.0.1", String.valueOf(to.port()), "", "0", "5000", "KEYS"));
            keys.forEach(key -> command.add(String.valueOf(key)));
            ok(String.valueOf(client.call(command.toArray(new String[0]))));
            return keys.size();
        }
    }

    /** The slot is {@code to}'s. */
    void endMove(int slot, TestServer from, TestServer to) throws IOException {
        String id = id(to);
        ok(call(to, "CLUSTER", "SETSLOT", String.valueOf(slot), "NODE", id));
        call(to, "CLUSTER", "BUMPEPOCH"); // so that it is believed by those who have heard otherwise
        ok(call(from, "CLUSTER", "SETSLOT", String.valueOf(slot), "NODE", id));
    }

    /**
     * Who has a slot, when all nodes say the same, and know it to be the latest that has happened: else what they have heard before may give the
     * slot back to whom it has left.
     */
    TestServer settled(int slot) throws Exception {
        int asked = 0;
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (true) {
            Set<Map<Integer, Long>> views = new HashSet<>();
            Set<Integer> owners = new HashSet<>();
            for (TestServer node : nodes) {
                views.add(epochs(node));
                owners.add(owner(slot, node).port());
            }
            if (owners.size() == 1 && views.size() == 1) {
                int port = owners.iterator().next();
                Map<Integer, Long> epochs = views.iterator().next();
                long epoch = epochs.getOrDefault(port, -1L);
                if (epochs.entrySet().stream().allMatch(one -> one.getKey() == port || one.getValue() < epoch)) {
                    return node(port);
                }
            }
            for (TestServer node : nodes) {
                // Of two that have it with the same epoch one has to go before the other.
                if (++asked % 100 == 0 && owner(slot, node) == node) {
                    call(node, "CLUSTER", "BUMPEPOCH");
                }
            }
            if (System.nanoTime() > end) {
                throw new IOException("slot " + slot + " is said to be on " + owners + ", epochs " + views);
            }
            Thread.sleep(20);
        }
    }

    /** The configuration epoch of each master by its port, as a node knows them. */
    private static Map<Integer, Long> epochs(TestServer node) throws IOException {
        Map<Integer, Long> epochs = new HashMap<>();
        for (String line : call(node, "CLUSTER", "NODES").split("\n", -1)) {
            Matcher one = MASTER.matcher(line);
            if (one.find()) {
                epochs.put(Integer.parseInt(one.group(1)), Long.parseLong(one.group(2)));
            }
        }
        return epochs;
    }

    /** All of it. */
    void move(int slot, TestServer from, TestServer to) throws IOException {
        beginMove(slot, from, to);
        int moved;
        do {
            moved = moveKeys(slot, 10, from, to);
        } while (moved > 0);
        endMove(slot, from, to);
    }

    private static void ok(String answer) throws IOException {
        if (!answer.equals("OK") && !answer.equals("NOKEY")) {
            throw new IOException(answer);
        }
    }

    // ---- before it

    /** A {@code redis_proxy} before it; it knows the first node. */
    Proxy proxy(SimpleMeterRegistry meters, Map<String, ?> settings, Map<String, ?> discovery) {
        Map<String, Object> terminal = new HashMap<>(Map.of("type", "redis_proxy", "cluster", "c"));
        terminal.putAll(settings);
        Map<String, Object> search = new HashMap<>(Map.of(
                "type",
                "redis_cluster",
                "seeds",
                List.of("127.0.0.1:" + nodes.get(0).port())));
        search.putAll(discovery);
        return Proxy.builder()
                .meters(meters)
                .start(ProxyConfig.of(Map.of(
                        "listeners",
                        List.of(Map.of("name", "cache", "address", "127.0.0.1:0", "filters", List.of(terminal))),
                        "clusters",
                        List.of(Map.of("name", "c", "discovery", search)))));
    }

    /** A client of the proxy, as soon as the nodes are known. */
    static RawClient connect(Proxy proxy) throws Exception {
        RawClient client = new RawClient(proxy.address("cache").port());
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        String answer = client.call("EXISTS", "a");
        while (answer.startsWith("-")) {
            if (System.nanoTime() > end) {
                throw new IOException(answer);
            }
            Thread.sleep(10);
            answer = client.call("EXISTS", "a");
        }
        return client;
    }

    @Override
    public void close() throws IOException {
        for (TestServer node : nodes) {
            node.close();
        }
    }
}
