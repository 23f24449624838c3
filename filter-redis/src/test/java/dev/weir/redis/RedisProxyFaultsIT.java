package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** {@code redis_proxy} when shards fail, are late or talk nonsense, and when clients do not read. */
final class RedisProxyFaultsIT {
    private static final List<String> TWO = List.of("embedded", "embedded");

    /** A key on each of the two shards. */
    private static List<String> keys(ShardedBed bed, RawClient client) throws Exception {
        List<String> keys = new ArrayList<>();
        for (TestServer shard : bed.shards) {
            try (TestServer.Client direct = shard.connect()) {
                for (int i = 0; ; i++) {
                    client.call("SET", "k" + i, "v");
                    if (Long.valueOf(1).equals(direct.call("EXISTS", "k" + i))) {
                        keys.add("k" + i);
                        break;
                    }
                }
            }
        }
        return keys;
    }

    @Test
    void aDeadShardConcernsItsOwnKeysOnlyAndComesBack() throws Exception {
        try (ShardedBed bed = ShardedBed.of(TWO, Map.of());
                RawClient client = bed.connect()) {
            List<String> keys = keys(bed, client);
            TestServer second = bed.shards.get(1);
            String where = "127.0.0.1:" + second.port();
            second.close();
            assertThat(client.call("GET", keys.get(0))).isEqualTo("$1\r\nv\r\n");
            assertThat(client.call("GET", keys.get(1))).startsWith("-ERR shard " + where + " of cluster c: ");
            assertThat(client.call("GET", keys.get(1)))
                    .isEqualTo("-ERR shard " + where + " of cluster c: connection refused\r\n");
            assertThat(client.call("MGET", keys.get(0), keys.get(1)))
                    .isEqualTo("*2\r\n$1\r\nv\r\n-ERR shard " + where + " of cluster c: connection refused\r\n");
            assertThat(client.call("DEL", keys.get(0), keys.get(1)))
                    .startsWith("-ERR 1 of 2 shards failed, the first with: ERR shard " + where);
            assertThat(client.call("DBSIZE")).startsWith("-ERR 1 of 2 shards failed");
            assertThat(client.call("SET", keys.get(0), "w")).isEqualTo("+OK\r\n");

            bed.shards.set(1, TestServer.startOn("embedded", second.port()));
            long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (client.call("GET", keys.get(1)).startsWith("-ERR shard")) {
                assertThat(System.nanoTime()).isLessThan(end);
            }
            assertThat(client.call("MGET", keys.get(0), keys.get(1))).isEqualTo("*2\r\n$1\r\nw\r\n$-1\r\n");
        }
    }

    @Test
    void aLateAnswerFailsItsCommandAloneAndIsDropped() throws Exception {
        try (ShardedBed bed = ShardedBed.of(List.of("embedded"), Map.of("timeout", "300ms"));
                RawClient one = bed.connect();
                RawClient two = bed.connect()) {
            one.call("SET", "k", "v");
            two.call("PING");
            String script = "local t = redis.call('time') local function us() local n = redis.call('time')"
                    + " return (n[1]-t[1])*1000000+n[2]-t[2] end while us() < 450000 do end return 'late'";
            one.send("EVAL", script, "0");
            two.send("GET", "k");
            assertThat(one.read())
                    .isEqualTo("-ERR shard 127.0.0.1:" + bed.shards.get(0).port()
                            + " of cluster c: no answer within 300 ms\r\n");
            assertThat(one.call("ECHO", "x")).isEqualTo("$1\r\nx\r\n");
            two.read(); // in time or not
            assertThat(one.call("GET", "k")).isEqualTo("$1\r\nv\r\n");
            assertThat(two.call("GET", "k")).isEqualTo("$1\r\nv\r\n");
        }
    }

    @Test
    void aClientThatDoesNotReadIsClosedAndTroublesNobody() throws Exception {
        try (ShardedBed bed = ShardedBed.of(List.of("embedded"), Map.of("client_output_limit", "1MiB"));
                RawClient slow = bed.connect();
                RawClient other = bed.connect()) {
            slow.call("SET", "k", "v".repeat(200_000));
            other.call("PING");
            StringBuilder gets = new StringBuilder();
            for (int i = 0; i < 500; i++) {
                gets.append(RawClient.encode("GET", "k"));
            }
            slow.write(gets.toString());
            long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (bed.closed("slow_client") == 0) {
                assertThat(other.call("GET", "other")).isEqualTo("$-1\r\n");
                assertThat(System.nanoTime()).isLessThan(end);
            }
        }
    }

    @Test
    void whatIsNoAnswerEndsItsConnection() throws Exception {
        try (FakeRedis fake = new FakeRedis();
                Proxy proxy = ShardedBed.start(new SimpleMeterRegistry(), List.of(fake.address()), Map.of(), Map.of());
                RawClient client = new RawClient(proxy.address("cache").port())) {
            fake.raw = "HTTP/1.1 400 Bad Request\r\n\r\n";
            assertThat(client.call("GET", "k"))
                    .isEqualTo(
                            "-ERR shard " + fake.address() + " of cluster c: its answer is no RESP (answer_type)\r\n");
            fake.raw = "+one\r\n+two\r\n";
            assertThat(client.call("GET", "k")).isEqualTo("+one\r\n");
            fake.raw = "$2\r\nok\r\n";
            assertThat(client.call("GET", "k")).isEqualTo("$2\r\nok\r\n");
        }
    }

    @Test
    void halfAnAnswerCannotBecomeAnError() throws Exception {
        try (FakeRedis fake = new FakeRedis();
                Proxy proxy = ShardedBed.start(
                        new SimpleMeterRegistry(), List.of(fake.address()), Map.of("timeout", "200ms"), Map.of());
                RawClient client = new RawClient(proxy.address("cache").port())) {
            fake.raw = "$10\r\nhalf";
            client.send("GET", "k");
            org.assertj.core.api.Assertions.assertThatThrownBy(client::read).isInstanceOf(java.io.IOException.class);
        }
    }

    @Test
    void aClientThatEndsItsStreamGetsAllAnswers() throws Exception {
        try (ShardedBed bed = ShardedBed.of(TWO, Map.of());
                RawClient client = bed.connect()) {
            StringBuilder bytes = new StringBuilder();
            for (int i = 0; i < 300; i++) {
                bytes.append(RawClient.encode("INCR", "k" + i % 7));
            }
            client.write(bytes + "*2\r\n$3\r\nGE");
            client.endOutput();
            for (int i = 0; i < 300; i++) {
                assertThat(client.read()).isEqualTo(":" + (i / 7 + 1) + "\r\n");
            }
            assertThat(client.ended()).isTrue();
        }
    }

    @Test
    void drainingAnswersWhatWasAsked() throws Exception {
        try (ShardedBed bed = ShardedBed.of(TWO, Map.of());
                RawClient idle = bed.connect();
                RawClient blocked = bed.connect()) {
            idle.call("PING");
            blocked.send("BLPOP", "list", "1");
            blocked.send("SET", "k", "v");
            bed.proxy.drain();
            assertThat(idle.ended()).isTrue();
            assertThat(blocked.read()).isEqualTo("*-1\r\n");
            assertThat(blocked.read()).isEqualTo("+OK\r\n");
            assertThat(blocked.ended()).isTrue();
        }
    }

    @Test
    void drainingLetsTransactionsEnd() throws Exception {
        List<RawClient> all = new ArrayList<>();
        try (ShardedBed bed = ShardedBed.of(TWO, Map.of())) {
            for (int i = 0; i < 8; i++) {
                RawClient client = bed.connect();
                all.add(client);
                if (i % 2 == 0) {
                    assertThat(client.call("MULTI")).isEqualTo("+OK\r\n");
                    if (i % 4 == 0) {
                        assertThat(client.call("SET", "k" + i, "v")).isEqualTo("+QUEUED\r\n");
                    }
                } else {
                    assertThat(client.call("WATCH", "k" + i)).isEqualTo("+OK\r\n");
                }
            }
            List<RawClient> idle = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                RawClient client = bed.connect();
                all.add(client);
                idle.add(client);
                assertThat(client.call("PING")).isEqualTo("+PONG\r\n");
            }

            bed.proxy.drain();

            for (RawClient client : idle) {
                assertThat(client.ended()).isTrue();
            }
            for (int i = 0; i < 8; i++) {
                RawClient client = all.get(i);
                if (i % 2 == 1) {
                    assertThat(client.call("GET", "k" + i)).isEqualTo("$-1\r\n");
                    assertThat(client.call("MULTI")).isEqualTo("+OK\r\n");
                }
                assertThat(client.call("APPEND", "k" + i, "w")).isEqualTo("+QUEUED\r\n");
                assertThat(client.call("EXEC")).isEqualTo(i % 4 == 0 ? "*2\r\n+OK\r\n:2\r\n" : "*1\r\n:1\r\n");
                assertThat(client.ended()).isTrue();
            }
        } finally {
            for (RawClient client : all) {
                client.close();
            }
        }
    }
}
