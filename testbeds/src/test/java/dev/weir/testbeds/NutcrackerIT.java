package dev.weir.testbeds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.core.Proxy;
import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.cluster.KeyHash;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.io.TempDir;

/** Debian's twemproxy and Weir, each with the same random pools: every key belongs to the same server. */
class NutcrackerIT {
    private static final int TCP_SERVERS = 24;
    private static final int KEYS = 1_500;
    private static final List<String> TAGS = List.of("{}", "<>", "||");

    @TempDir
    Path folder;

    /**
     * A server.
     *
     * @param number what it answers
     * @param theirs its address as twemproxy writes it
     * @param ours its address as Weir writes it
     */
    private record Server(int number, String theirs, String ours) {}

    /** A server in a pool. */
    private record Member(
            Server server, int weight, @Nullable String name) {
        String theirs() {
            return server.theirs + ":" + weight + (name == null ? "" : " " + name);
        }

        Map<String, Object> ours() {
            Map<String, Object> endpoint = new HashMap<>(Map.of("address", server.ours, "weight", weight));
            if (name != null) {
                endpoint.put("name", name);
            }
            return endpoint;
        }
    }

    private record Pool(
            String name,
            String hash,
            String distribution,
            @Nullable String tag,
            List<Member> members) {
        String theirs(int port) {
            StringBuilder text = new StringBuilder(name + ":\n  listen: 127.0.0.1:" + port + "\n  redis: true\n");
            text.append("  hash: " + hash + "\n  distribution: " + distribution + "\n");
            if (tag != null) {
                text.append("  hash_tag: \"" + tag + "\"\n");
            }
            text.append("  servers:\n");
            members.forEach(member -> text.append("    - \"" + member.theirs() + "\"\n"));
            return text.toString();
        }

        Map<String, Object> ours() {
            Map<String, Object> cluster = new HashMap<>(Map.of("name", name, "load_balancing", distribution));
            cluster.put("hash", hash);
            cluster.put("endpoints", members.stream().map(Member::ours).toList());
            if (tag != null) {
                cluster.put("hash_tag", tag);
            }
            return cluster;
        }
    }

    @RepeatedTest(3)
    void everyKeyBelongsToTheServerOfTwemproxy() throws Exception {
        String binary = PeerProxy.installed("nutcracker", "/usr/sbin/nutcracker", "/usr/local/sbin/nutcracker");
        assumeTrue(binary != null, "no nutcracker (testbeds/install-servers.sh)");
        long seed = RandomKeys.seed();
        Random random = new Random(seed);
        try (NumberedShards shards = new NumberedShards()) {
            List<Server> servers = servers(shards, random);
            List<Pool> pools = pools(servers, random);
            try (PeerProxy nutcracker = nutcracker(binary, pools);
                    Proxy weir =
                            LentCluster.start(pools.stream().map(Pool::ours).toList())) {
                for (int i = 0; i < pools.size(); i++) {
                    Pool pool = pools.get(i);
                    String tag = pool.tag == null ? "{}" : pool.tag;
                    List<byte[]> keys = RandomKeys.some(KEYS, tag, random);

                    int[] theirs = NumberedShards.ask(nutcracker.ports().get(i), keys);

                    List<String> wrong = differences(pool, keys, theirs);
                    assertThat(wrong).as("seed %d, %s", seed, pool).isEmpty();
                }
                assertThat(weir.clusters()).hasSameSizeAs(pools);
            }
        }
    }

    private static List<String> differences(Pool pool, List<byte[]> keys, int[] theirs) {
        Cluster cluster = LentCluster.named(pool.name);
        Map<String, Integer> numbers = new HashMap<>();
        pool.members.forEach(member -> numbers.put(member.server.ours, member.server.number));
        List<String> wrong = new ArrayList<>();
        for (int k = 0; k < theirs.length; k++) {
            byte[] key = keys.get(k);
            Endpoint chosen = LentCluster.choice(cluster, cluster.keyHash().hash(key, key.length));
            Integer ours = numbers.get(chosen.address().toString());
            if (ours == null || ours != theirs[k]) {
                wrong.add("key " + HexFormat.of().formatHex(key) + ": " + ours + " (expected: " + theirs[k] + ")");
            }
        }
        return wrong;
    }

    private PeerProxy nutcracker(String binary, List<Pool> pools) throws IOException, InterruptedException {
        int stats = pools.size();
        return PeerProxy.start(
                folder,
                List.of("sh", "-c", "exec " + binary + " -a 127.0.0.1 -s $(sed -n 's/^# stats //p' $0) -c $0"),
                pools.size() + 1,
                ".yml",
                ports -> {
                    StringBuilder text = new StringBuilder("# stats " + ports.get(stats) + "\n");
                    for (int i = 0; i < pools.size(); i++) {
                        text.append(pools.get(i).theirs(ports.get(i)));
                    }
                    return text.toString();
                });
    }

    // ---- what is compared

    /** Each hash with each distribution, with and without tags. */
    private static List<Pool> pools(List<Server> servers, Random random) {
        List<Pool> pools = new ArrayList<>();
        for (String hash : KeyHash.twemproxyNames()) {
            for (String distribution : List.of("ketama", "modula")) {
                String tag = random.nextBoolean() ? TAGS.get(random.nextInt(TAGS.size())) : null;
                pools.add(new Pool(hash + "-" + distribution, hash, distribution, tag, members(servers, random)));
            }
        }
        return pools;
    }

    private static List<Member> members(List<Server> servers, Random random) {
        List<Server> mine = new ArrayList<>(servers);
        Collections.shuffle(mine, random);
        int size = 1 + random.nextInt(random.nextInt(4) == 0 ? mine.size() : 6);
        int heaviest = List.of(1, 5, 1_000).get(random.nextInt(3));
        boolean named = random.nextBoolean();
        Set<String> names = new HashSet<>();
        return mine.subList(0, size).stream()
                .map(server -> new Member(
                        server,
                        1 + random.nextInt(heaviest),
                        named && random.nextInt(5) > 0 ? name(names, random) : null))
                .toList();
    }

    /** A name that is not taken. */
    private static String name(Set<String> taken, Random random) {
        String letters = "abcdefghijXYZ0123456789-_.:/ßé日";
        String name;
        do {
            name = IntStream.rangeClosed(0, random.nextInt(12))
                    .mapToObj(i -> letters.charAt(random.nextInt(letters.length())))
                    .collect(StringBuilder::new, StringBuilder::append, StringBuilder::append)
                    .toString();
        } while (name.startsWith("-") || !taken.add(name));
        return name;
    }

    private List<Server> servers(NumberedShards shards, Random random) throws IOException {
        List<Server> servers = new ArrayList<>();
        for (int i = 0; i < TCP_SERVERS; i++) {
            String address = "127.0.0.1:" + shards.add();
            servers.add(new Server(i, address, address));
        }
        String name = "localhost:" + shards.add();
        servers.add(new Server(servers.size(), name, name));
        for (int i = 0; i < 2; i++) {
            // libmemcached leaves this port out of the name.
            String address = "127." + (1 + random.nextInt(250)) + "." + random.nextInt(250) + "." + (1 + i);
            shards.add(new InetSocketAddress(address, 11_211));
            servers.add(new Server(servers.size(), address + ":11211", address + ":11211"));
        }
        ipv6(shards, servers);
        for (String file : List.of("s", "longer.sock")) {
            String path = folder.resolve(file).toString();
            shards.add(UnixDomainSocketAddress.of(path));
            servers.add(new Server(servers.size(), path, "unix:" + path));
        }
        return servers;
    }

    private static void ipv6(NumberedShards shards, List<Server> servers) throws IOException {
        try {
            byte[] loopback = new byte[16];
            loopback[15] = 1;
            var address = (InetSocketAddress) shards.add(new InetSocketAddress(InetAddress.getByAddress(loopback), 0));
            servers.add(new Server(servers.size(), "::1:" + address.getPort(), "[::1]:" + address.getPort()));
        } catch (SocketException none) {
            System.out.println("without IPv6: " + none.getMessage());
        }
    }
}
