package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Response;
import redis.clients.jedis.Transaction;

/** Transactions and blocking commands through {@code redis_proxy}: on connections of one client alone. */
final class RedisProxyOwnConnectionsIT {
    static List<String> servers() {
        return TestServer.available();
    }

    private static ShardedBed bed(String name) throws Exception {
        return ShardedBed.of(List.of(name, name), Map.of());
    }

    /** Some of which are on either shard. */
    private static String[] manyKeys() {
        return java.util.stream.IntStream.range(0, 100)
                .mapToObj(i -> i == 0 ? "DEL" : "key" + i)
                .toArray(String[]::new);
    }

    private static String q(int n) {
        return "+QUEUED\r\n".repeat(n);
    }

    @ParameterizedTest
    @MethodSource("servers")
    void transactionsLieOnOneShard(String name) throws Exception {
        try (ShardedBed bed = bed(name);
                RawClient client = bed.connect()) {
            StringBuilder bytes = new StringBuilder();
            for (String[] command : new String[][] {
                {"SET", "{t}a", "0"},
                {"MULTI"},
                {"PING"},
                {"INCR", "{t}a"},
                {"MGET", "{t}a", "{t}b"},
                {"DEL", "{t}b", "{t}c"},
                {"EXEC"},
                {"GET", "{t}a"},
                {"MULTI"},
                {"EXEC"},
                {"MULTI"},
                {"ECHO", "x"},
                {"EXEC"},
                {"EXEC"},
                {"MULTI"},
                {"SET", "{t}a", "lost"},
                {"MULTI"},
                {"DISCARD"},
                {"DISCARD"},
                {"GET", "{t}a"},
            }) {
                bytes.append(RawClient.encode(command));
            }
            client.write(bytes.toString());
            StringBuilder answers = new StringBuilder();
            for (int i = 0; i < 20; i++) {
                answers.append(client.read());
            }
            assertThat(answers.toString())
                    .isEqualTo(
                            "+OK\r\n+OK\r\n" + q(4) + "*4\r\n+PONG\r\n:1\r\n*2\r\n$1\r\n1\r\n$-1\r\n:0\r\n$1\r\n1\r\n"
                                    + "+OK\r\n*0\r\n+OK\r\n" + q(1)
                                    + "*1\r\n$1\r\nx\r\n-ERR EXEC without MULTI\r\n+OK\r\n" + q(1)
                                    + "-ERR MULTI calls can not be nested\r\n+OK\r\n-ERR DISCARD without MULTI\r\n$1\r\n1\r\n");
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void whatCannotBeQueuedSpoilsTheTransaction(String name) throws Exception {
        try (ShardedBed bed = bed(name);
                RawClient client = bed.connect()) {
            for (String[] bad :
                    new String[][] {{"GET"}, {"NOSUCH"}, {"DBSIZE"}, {"SELECT", "1"}, {"SUBSCRIBE", "c"}, manyKeys()}) {
                assertThat(client.call("MULTI")).isEqualTo("+OK\r\n");
                assertThat(client.call("SET", "{t}a", "1")).isEqualTo("+QUEUED\r\n");
                assertThat(client.call(bad)).as(bad[0]).startsWith("-");
                assertThat(client.call("EXEC")).startsWith("-EXECABORT ");
                assertThat(client.call("GET", "{t}a")).isEqualTo("$-1\r\n");
            }
            int refused = 0;
            for (int i = 0; i < 20; i++) {
                client.call("MULTI");
                client.call("SET", "a", "1");
                if (client.call("SET", "b" + i, "1").startsWith("-CROSSSLOT a transaction lies on one shard")) {
                    refused++;
                    assertThat(client.call("EXEC")).startsWith("-EXECABORT ");
                } else {
                    assertThat(client.call("EXEC")).isEqualTo("*2\r\n+OK\r\n+OK\r\n");
                }
            }
            assertThat(refused).isBetween(1, 19);
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void watchedKeysAreWatched(String name) throws Exception {
        try (ShardedBed bed = bed(name);
                Jedis one = new Jedis("127.0.0.1", bed.port(), 60_000);
                Jedis two = new Jedis("127.0.0.1", bed.port(), 60_000)) {
            one.set("{t}a", "1");
            one.watch("{t}a", "{t}b");
            assertThat(one.get("{t}a")).isEqualTo("1");
            two.set("{t}b", "changed");
            Transaction aborted = one.multi();
            aborted.incr("{t}a");
            assertThat(aborted.exec()).isNull();
            assertThat(one.get("{t}a")).isEqualTo("1");

            one.watch("{t}a");
            one.unwatch();
            two.set("{t}a", "5");
            Transaction works = one.multi();
            Response<Long> six = works.incr("{t}a");
            works.exec();
            assertThat(six.get()).isEqualTo(6);

            // Connections go back: what the one before has watched is forgotten.
            one.watch("{t}a");
            one.disconnect();
            try (Jedis three = new Jedis("127.0.0.1", bed.port(), 60_000)) {
                two.set("{t}a", "7");
                Transaction other = three.multi();
                Response<Long> eight = other.incr("{t}a");
                other.exec();
                assertThat(eight.get()).isEqualTo(8);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void commandsOfBothWaysAreCarriedOutInTheirOrder(String name) throws Exception {
        try (ShardedBed bed = bed(name);
                RawClient client = bed.connect()) {
            StringBuilder round = new StringBuilder();
            for (String[] command : new String[][] {
                {"SET", "{t}a", "1"},
                {"WATCH", "{t}a"},
                {"GET", "{t}a"},
                {"MULTI"},
                {"SET", "{t}a", "2"},
                {"EXEC"},
                {"GET", "{t}a"},
                {"RPUSH", "{t}l", "x"},
                {"BLPOP", "{t}l", "0"},
                {"LLEN", "{t}l"}
            }) {
                round.append(RawClient.encode(command));
            }
            for (int i = 0; i < 100; i++) {
                client.write(round.toString());
            }
            for (int i = 0; i < 100; i++) {
                List<String> answers = new ArrayList<>();
                for (int k = 0; k < 10; k++) {
                    answers.add(client.read());
                }
                assertThat(answers)
                        .containsExactly(
                                "+OK\r\n",
                                "+OK\r\n",
                                "$1\r\n1\r\n",
                                "+OK\r\n",
                                "+QUEUED\r\n",
                                "*1\r\n+OK\r\n",
                                "$1\r\n2\r\n",
                                ":1\r\n",
                                "*2\r\n$4\r\n{t}l\r\n$1\r\nx\r\n",
                                ":0\r\n");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void blockingCommandsBlockNobodyElse(String name) throws Exception {
        try (ShardedBed bed = bed(name);
                RawClient one = bed.connect();
                RawClient two = bed.connect()) {
            one.send("BLPOP", "{t}list", "{t}other", "0");
            one.send("SET", "{t}after", "1");
            for (int i = 0; i < 50; i++) {
                assertThat(two.call("SET", "{t}k", "v")).isEqualTo("+OK\r\n");
            }
            assertThat(two.call("GET", "{t}after")).isEqualTo("$-1\r\n");
            assertThat(two.call("RPUSH", "{t}other", "x")).isEqualTo(":1\r\n");
            assertThat(one.read()).isEqualTo("*2\r\n$8\r\n{t}other\r\n$1\r\nx\r\n");
            assertThat(one.read()).isEqualTo("+OK\r\n");
            assertThat(one.call("XADD", "s", "1-0", "f", "v")).isEqualTo("$3\r\n1-0\r\n");
            assertThat(one.call("XREAD", "STREAMS", "s", "0")).contains("1-0");
            assertThat(one.call("BLPOP", "{t}list", "0.01")).isEqualTo("*-1\r\n");
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void whoeverLeavesTakesNothingAlong(String name) throws Exception {
        try (ShardedBed bed = bed(name);
                RawClient two = bed.connect()) {
            try (RawClient one = bed.connect()) {
                one.send("BLPOP", "{t}list", "0");
                awaitBlocked(bed, 1);
            }
            awaitBlocked(bed, 0);
            assertThat(two.call("RPUSH", "{t}list", "x")).isEqualTo(":1\r\n");
            assertThat(two.call("LLEN", "{t}list")).isEqualTo(":1\r\n");
        }
    }

    private static void awaitBlocked(ShardedBed bed, int clients) {
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (true) {
            int blocked = 0;
            for (TestServer shard : bed.shards) {
                try (TestServer.Client client = shard.connect()) {
                    String info = String.valueOf(client.call("INFO", "clients"));
                    blocked += Integer.parseInt(info.replaceAll("(?s).*blocked_clients:(\\d+).*", "$1"));
                } catch (java.io.IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            }
            if (blocked == clients) {
                return;
            }
            assertThat(System.nanoTime())
                    .as("%s blocked, not %s", blocked, clients)
                    .isLessThan(end);
            Thread.onSpinWait();
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void whatHasBeenQueuedInPartIsNotCarriedOut(String name) throws Exception {
        try (ShardedBed bed = bed(name);
                RawClient client = bed.connect();
                RawClient other = bed.connect()) {
            // More than waits for a connection that is only being made.
            StringBuilder bytes = new StringBuilder(RawClient.encode("MULTI"));
            String value = "v".repeat(60_000);
            for (int i = 0; i < 100; i++) {
                bytes.append(RawClient.encode("SET", "{t}" + i, value));
            }
            bytes.append(RawClient.encode("EXEC")).append(RawClient.encode("DBSIZE"));
            Thread writer = new Thread(() -> {
                try {
                    client.write(bytes.toString());
                } catch (java.io.IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            writer.start();
            int queued = 0;
            client.read();
            for (int i = 0; i < 100; i++) {
                queued += client.read().equals("+QUEUED\r\n") ? 1 : 0;
            }
            String exec = client.read();
            String size = client.read();
            writer.join();
            if (queued == 100) {
                assertThat(exec).startsWith("*100\r\n");
                assertThat(size).isEqualTo(":100\r\n");
            } else {
                assertThat(exec).startsWith("-EXECABORT ");
                assertThat(size).isEqualTo(":0\r\n");
            }
            // The next one to have that connection is in no transaction.
            assertThat(other.call("RPUSH", "{t}l", "x")).isEqualTo(":1\r\n");
            assertThat(other.call("BLPOP", "{t}l", "1")).startsWith("*2\r\n");
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void whatIsWatchedStaysInItsDatabase(String name) throws Exception {
        try (ShardedBed bed = bed(name);
                RawClient client = bed.connect()) {
            client.call("WATCH", "{t}a");
            assertThat(client.call("SELECT", "1")).startsWith("-ERR SELECT is not supported by redis_proxy while");
            assertThat(client.call("HELLO", "3")).startsWith("-ERR HELLO is not supported by redis_proxy while");
            assertThat(client.call("UNWATCH")).isEqualTo("+OK\r\n");
            assertThat(client.call("SELECT", "1")).isEqualTo("+OK\r\n");
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void whoEndsItsStreamStillGetsWhatIsThere(String name) throws Exception {
        try (ShardedBed bed = bed(name)) {
            try (RawClient client = bed.connect()) {
                client.call("XADD", "s", "1-0", "f", "v");
                client.send("XREAD", "STREAMS", "s", "0");
                client.endOutput();
                assertThat(client.readAll()).contains("1-0");
            }
            try (RawClient client = bed.connect()) {
                client.send("GET", "k");
                client.send("BLPOP", "{t}none", "0");
                client.endOutput();
                assertThat(client.readAll()).isEqualTo("$-1\r\n");
            }
            awaitBlocked(bed, 0);
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void aTransactionThatFailsIsAnsweredInEachOfItsCommands(String name) throws Exception {
        try (ShardedBed bed = bed(name);
                RawClient client = bed.connect()) {
            for (int i = 0; i < 20; i++) {
                client.write(RawClient.encode("MULTI")
                        + RawClient.encode("SET", "{t}a", "1")
                        + RawClient.encode("NOSUCH")
                        + RawClient.encode("SET", "{t}b", "1")
                        + RawClient.encode("EXEC")
                        + RawClient.encode("PING"));
                assertThat(client.read() + client.read()).isEqualTo("+OK\r\n+QUEUED\r\n");
                assertThat(client.read()).startsWith("-ERR unknown command");
                assertThat(client.read()).isEqualTo("+QUEUED\r\n");
                assertThat(client.read()).startsWith("-EXECABORT ");
                assertThat(client.read()).isEqualTo("+PONG\r\n");
            }
            for (TestServer shard : bed.shards) {
                shard.close();
            }
            client.write(RawClient.encode("MULTI")
                    + RawClient.encode("SET", "{t}a", "1")
                    + RawClient.encode("EXEC")
                    + RawClient.encode("PING"));
            assertThat(client.read()).isEqualTo("+OK\r\n");
            assertThat(client.read()).startsWith("-ERR shard 127.0.0.1:");
            assertThat(client.read()).startsWith("-E"); // EXECABORT, or that of the shard
            assertThat(client.read()).isEqualTo("+PONG\r\n");
            bed.shards.clear();
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void aLostShardEndsTheTransaction(String name) throws Exception {
        try (ShardedBed bed = bed(name);
                RawClient client = bed.connect()) {
            assertThat(client.call("WATCH", "{t}a")).isEqualTo("+OK\r\n");
            killClients(bed);
            assertThat(client.call("MULTI")).isEqualTo("+OK\r\n");
            assertThat(client.call("SET", "{t}a", "1")).startsWith("-ERR shard 127.0.0.1:");
            assertThat(client.call("EXEC")).startsWith("-EXECABORT ");
            assertThat(client.call("GET", "{t}a")).isEqualTo("$-1\r\n");
        }
    }

    private static void killClients(ShardedBed bed) throws Exception {
        for (TestServer shard : bed.shards) {
            try (TestServer.Client direct = shard.connect()) {
                direct.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
            }
        }
    }

    /** What is not used is ended, one connection every five seconds: hence some more than are needed. */
    @ParameterizedTest
    @MethodSource("servers")
    void noConnectionIsMadeForATransaction(String name) throws Exception {
        int clients = 4;
        String transaction = RawClient.encode("MULTI") + RawClient.encode("INCR", "k") + RawClient.encode("EXEC");
        try (ShardedBed bed = ShardedBed.of(List.of(name), Map.of());
                TestServer.Client direct = bed.shards.get(0).connect()) {
            long before = connected(direct);
            List<RawClient> all = new ArrayList<>();
            for (int i = 0; i < clients; i++) {
                all.add(bed.connect());
            }
            for (int i = 1; i <= 200; i++) {
                assertTransacts(all.get(0), transaction, i);
            }
            assertThat(connected(direct) - before).as("of one client").isBetween(1L, 10L);
            for (int i = 201; i <= 400; i++) {
                assertTransacts(all.get(i % clients), transaction, i);
            }
            for (int i = 401; i <= 500; i++) {
                try (RawClient another = bed.connect()) {
                    assertTransacts(another, transaction, i);
                }
            }
            assertThat(connected(direct) - before).as("of all").isBetween(1L, 10L + clients);
            for (RawClient one : all) {
                one.close();
            }
        }
    }

    private static void assertTransacts(RawClient client, String transaction, int number) throws Exception {
        client.write(transaction);
        assertThat(client.read() + client.read() + client.read())
                .isEqualTo("+OK\r\n+QUEUED\r\n*1\r\n:" + number + "\r\n");
    }

    private static long connected(TestServer.Client direct) throws Exception {
        String info = String.valueOf(direct.call("INFO", "stats"));
        return Long.parseLong(info.replaceAll("(?s).*total_connections_received:(\\d+).*", "$1"));
    }

    /** It ends nothing there: what was queued before it is not carried out alone, and nobody else gets into the transaction. */
    @ParameterizedTest
    @MethodSource("servers")
    void unwatchWithinATransactionIsQueued(String name) throws Exception {
        try (ShardedBed bed = ShardedBed.of(List.of(name, name), Map.of());
                RawClient client = bed.connect();
                RawClient other = bed.connect()) {
            for (String[] first : new String[][] {{"SET", "{t}1", "a"}, {"PING"}}) {
                assertThat(client.call("MULTI")).isEqualTo("+OK\r\n");
                assertThat(client.call(first)).isEqualTo("+QUEUED\r\n");
                assertThat(client.call("UNWATCH")).isEqualTo("+QUEUED\r\n");
                assertThat(other.call("RPUSH", "{t}l", "x")).isEqualTo(":1\r\n");
                assertThat(other.call("BLPOP", "{t}l", "1")).isEqualTo("*2\r\n$4\r\n{t}l\r\n$1\r\nx\r\n");
                assertThat(client.call("SET", "{t}2", "b")).isEqualTo("+QUEUED\r\n");
                assertThat(other.call("EXISTS", "{t}1", "{t}2")).isEqualTo(":0\r\n");
                assertThat(client.call("EXEC")).startsWith("*3\r\n").endsWith("+OK\r\n+OK\r\n");
                assertThat(client.call("DEL", "{t}1", "{t}2")).startsWith(":");
            }
        }
    }
}
