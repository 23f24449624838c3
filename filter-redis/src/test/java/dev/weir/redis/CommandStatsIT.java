package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Exchange.Status;
import dev.weir.core.testkit.FakeEnvironment;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.XReadArgs;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.protocol.ProtocolVersion;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisPubSub;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.Transaction;
import redis.clients.jedis.args.ListDirection;
import redis.clients.jedis.exceptions.JedisDataException;

/** What the sniffer counts between real clients and real servers is what the server counts: INFO commandstats. */
final class CommandStatsIT {
    private static final Pattern STAT =
            Pattern.compile("cmdstat_([^:]+):calls=(\\d+).*?(?:rejected_calls=(\\d+))?(?:,failed_calls=(\\d+))?");
    private static final int TIMEOUT = 60_000;
    private static final RedisProtocol PROTOCOL = new RedisProtocol();

    static Stream<String> servers() {
        return TestServer.available().stream();
    }

    @ParameterizedTest
    @MethodSource("servers")
    void countsWhatTheServerCounts(String name) throws Exception {
        try (TestServer server = TestServer.start(name);
                TestServer.Client direct = server.connect();
                TestRelay relay =
                        new TestRelay(server.port(), new FakeEnvironment().sniffers(PROTOCOL, Map.of("keys", true)))) {
            direct.call("CONFIG", "RESETSTAT");

            withJedis(relay.port());
            withLettuce(relay.port(), ProtocolVersion.RESP2);
            withLettuce(relay.port(), ProtocolVersion.RESP3);
            relay.end();

            Map<String, Long> counted = counted(relay.exchanges(), name.equals("embedded"));
            Map<String, Long> served = served(String.valueOf(direct.call("INFO", "commandstats")));
            assertThat(relay.outcomes()).isEmpty();
            assertThat(differences(counted, served)).isEmpty();
            assertThat(counted.size()).isGreaterThanOrEqualTo(60);
        }
    }

    private static List<String> differences(Map<String, Long> counted, Map<String, Long> served) {
        Set<String> names = new TreeSet<>(counted.keySet());
        names.addAll(served.keySet());
        return names.stream()
                .filter(name -> !Objects.equals(counted.get(name), served.get(name)))
                .map(name -> name + ": " + counted.get(name) + ", the server says " + served.get(name))
                .toList();
    }

    /** Answered commands; the server counts neither what was aborted nor what it refused before running it. */
    private static Map<String, Long> counted(List<Exchange> exchanges, boolean old) {
        Map<String, Long> counted = new TreeMap<>();
        for (Exchange exchange : exchanges) {
            if (exchange.status == Status.ABORTED || !old && refused(exchange)) {
                continue;
            }
            String name = exchange.operation().name().toLowerCase(Locale.ROOT).replace(' ', '|');
            // Up to 6.2 the sub-commands are not counted apart.
            if (old && name.indexOf('|') > 0) {
                name = name.substring(0, name.indexOf('|'));
            }
            counted.merge(name, 1L, Long::sum);
        }
        return counted;
    }

    /** What clients say at the beginning and not every server knows; up to 6.2 such sub-commands count as calls. */
    private static boolean refused(Exchange exchange) {
        String name = exchange.operation().name();
        return exchange.status == Status.ERROR
                && (name.equals("CLIENT SETINFO") || name.equals("CLIENT MAINT_NOTIFICATIONS"));
    }

    private static Map<String, Long> served(String info) {
        Map<String, Long> served = new TreeMap<>();
        for (String line : info.split("\r\n", -1)) {
            Matcher stat = STAT.matcher(line);
            if (stat.find() && !stat.group(2).equals("0")) {
                served.put(stat.group(1), Long.valueOf(stat.group(2)));
            }
        }
        // Ours, not the workload's, sent past the relay.
        served.remove("info");
        served.computeIfPresent("config|resetstat", (k, v) -> v == 1 ? null : v - 1);
        served.computeIfPresent("config", (k, v) -> v == 1 ? null : v - 1);
        return served;
    }

    private static void withJedis(int port) throws Exception {
        try (Jedis jedis = new Jedis("127.0.0.1", port, TIMEOUT)) {
            strings(jedis);
            collections(jedis);
            streamsAndScripts(jedis);
            server(jedis);
            try (Pipeline pipeline = jedis.pipelined()) {
                for (int i = 0; i < 500; i++) {
                    pipeline.set("p" + i, "x".repeat(i));
                    pipeline.get("p" + i);
                    pipeline.incr("count");
                }
                pipeline.sync();
            }
            transactions(jedis);
            blocking(jedis, port);
            pubsub(jedis, port);
        }
    }

    @SuppressWarnings("deprecation") // the commands are what counts
    private static void strings(Jedis jedis) {
        jedis.flushAll();
        jedis.set("a", "1");
        jedis.get("a");
        jedis.get("none");
        jedis.append("a", "2");
        jedis.getrange("a", 0, 1);
        jedis.setrange("a", 1, "zz");
        jedis.strlen("a");
        jedis.mset("b", "1", "c", "2");
        jedis.mget("a", "b", "none");
        jedis.msetnx("d", "1");
        jedis.incrBy("b", 3);
        jedis.decr("b");
        jedis.incrByFloat("b", 0.5);
        jedis.getDel("d");
        jedis.getSet("c", "3");
        jedis.setex("e", 100, "v");
        jedis.psetex("e", 100_000, "v");
        jedis.setnx("e", "v");
        jedis.ttl("e");
        jedis.pttl("e");
        jedis.expire("e", 10);
        jedis.pexpire("e", 10_000);
        jedis.persist("e");
        jedis.type("e");
        jedis.exists("e");
        jedis.rename("e", "f");
        jedis.copy("f", "g", true);
        jedis.touch("f");
        jedis.unlink("g");
        jedis.setbit("bits", 7, true);
        jedis.getbit("bits", 7);
        jedis.bitcount("bits");
        jedis.bitpos("bits", true);
        jedis.pfadd("hll", "a", "b");
        jedis.pfcount("hll");
        jedis.dump("f");
        jedis.randomKey();
        jedis.keys("*");
        jedis.scan("0");
        jedis.dbSize();
    }

    private static void collections(Jedis jedis) {
        jedis.hset("h", "f", "v");
        jedis.hget("h", "f");
        jedis.hgetAll("h");
        jedis.hincrBy("h", "n", 2);
        jedis.hkeys("h");
        jedis.hscan("h", "0");
        jedis.hdel("h", "f");
        jedis.rpush("l", "1", "2", "3");
        jedis.lpush("l", "0");
        jedis.lrange("l", 0, -1);
        jedis.lindex("l", 0);
        jedis.llen("l");
        jedis.lpop("l");
        jedis.rpop("l");
        jedis.lrem("l", 1, "1");
        jedis.ltrim("l", 0, 0);
        jedis.sadd("s", "a", "b");
        jedis.smembers("s");
        jedis.sismember("s", "a");
        jedis.scard("s");
        jedis.srem("s", "a");
        jedis.sinter("s", "s");
        jedis.zadd("z", 1, "m");
        jedis.zrange("z", 0, -1);
        jedis.zscore("z", "m");
        jedis.zincrby("z", 2, "m");
        jedis.zrank("z", "none");
        jedis.zcard("z");
        jedis.zpopmin("z");
        jedis.geoadd("geo", 13.3, 38.1, "Palermo");
        jedis.geopos("geo", "Palermo");
        jedis.sort("l");
        try {
            jedis.incr("l");
        } catch (JedisDataException expected) {
            assertThat(expected).hasMessageContaining("WRONGTYPE");
        }
    }

    @SuppressWarnings("deprecation") // the commands are what counts
    private static void streamsAndScripts(Jedis jedis) {
        jedis.xadd("x", StreamEntryID.NEW_ENTRY, Map.of("f", "v"));
        jedis.xlen("x");
        jedis.xrange("x", "-", "+");
        jedis.xgroupCreate("x", "g", StreamEntryID.LAST_ENTRY, false);
        jedis.xinfoGroups("x");
        jedis.xinfoStream("x");
        jedis.eval("return {1, {2, 'x'}, false}");
        String sha = jedis.scriptLoad("return ARGV[1]");
        jedis.evalsha(sha, 0, "v");
        jedis.scriptExists(sha);
    }

    private static void server(Jedis jedis) {
        jedis.ping();
        jedis.echo("hello");
        jedis.select(3);
        jedis.set("in3", "v");
        jedis.select(0);
        jedis.configGet("maxmemory");
        jedis.clientSetname("it");
        jedis.clientGetname();
        jedis.clientId();
        jedis.objectEncoding("a");
        jedis.memoryUsage("a");
        jedis.slowlogLen();
        jedis.time();
        jedis.lastsave();
        jedis.role();
        jedis.waitReplicas(0, 1);
        jedis.aclWhoAmI();
    }

    private static void transactions(Jedis jedis) {
        try (Transaction transaction = jedis.multi()) {
            transaction.set("t", "1");
            transaction.incr("t");
            transaction.lpop("t");
            transaction.exec();
        }
        try (Transaction transaction = jedis.multi()) {
            transaction.set("t", "2");
            transaction.discard();
        }
    }

    private static void blocking(Jedis jedis, int port) throws Exception {
        Thread pusher = new Thread(() -> {
            try (Jedis other = new Jedis("127.0.0.1", port, TIMEOUT)) {
                Thread.sleep(20);
                other.lpush("queue", "x");
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        pusher.start();
        jedis.blpop(20, "queue");
        pusher.join();
        jedis.brpop(0.05, "queue");
        jedis.blmove("queue", "other", ListDirection.LEFT, ListDirection.RIGHT, 0.05);
        jedis.bzpopmin(0.05, "zqueue");
    }

    private static void pubsub(Jedis jedis, int port) throws Exception {
        List<String> messages = new ArrayList<>();
        JedisPubSub listener = new JedisPubSub() {
            @Override
            public void onMessage(String channel, String message) {
                messages.add(message);
                if (message.equals("end")) {
                    unsubscribe();
                    punsubscribe();
                }
            }
        };
        Thread subscriber = new Thread(() -> {
            try (Jedis other = new Jedis("127.0.0.1", port, TIMEOUT)) {
                other.subscribe(listener, "ch", "ch2");
            }
        });
        subscriber.start();
        while (jedis.publish("ch", "hello") == 0) {
            Thread.sleep(10);
        }
        jedis.publish("ch2", "there");
        jedis.publish("ch", "end");
        subscriber.join(60_000);
        assertThat(messages).contains("hello", "there", "end");
    }

    @SuppressWarnings("unchecked") // generic varargs
    private static void withLettuce(int port, ProtocolVersion version) throws Exception {
        RedisClient client = RedisClient.create(RedisURI.create("127.0.0.1", port));
        client.setOptions(ClientOptions.builder().protocolVersion(version).build());
        try (StatefulRedisConnection<String, String> connection = client.connect();
                StatefulRedisPubSubConnection<String, String> pubsub = client.connectPubSub()) {
            RedisCommands<String, String> sync = connection.sync();
            sync.set("k", "v");
            sync.hset("hl", Map.of("a", "1", "b", "2"));
            sync.hgetall("hl");
            sync.zadd("zl", 1.5, "m");
            sync.zscore("zl", "m");
            sync.zrangeWithScores("zl", 0, -1);
            sync.smembers("none");
            sync.xread(XReadArgs.Builder.block(Duration.ofMillis(20)), XReadArgs.StreamOffset.latest("x"));
            sync.multi();
            sync.get("k");
            sync.incr("k");
            sync.exec();
            RedisAsyncCommands<String, String> async = connection.async();
            List<Future<?>> futures = new ArrayList<>();
            for (int i = 0; i < 1_000; i++) {
                futures.add(i % 3 == 0 ? async.get("k") : i % 3 == 1 ? async.set("k" + i, "v") : async.hgetall("hl"));
            }
            for (Future<?> future : futures) {
                future.get(60, TimeUnit.SECONDS);
            }
            pubsub.sync().subscribe("lc", "ld");
            pubsub.sync().psubscribe("l*");
            sync.publish("lc", "m");
            pubsub.sync().unsubscribe("lc");
            pubsub.sync().ping();
            pubsub.sync().punsubscribe("l*");
        } finally {
            client.shutdown(0, 2, TimeUnit.SECONDS);
        }
    }
}
