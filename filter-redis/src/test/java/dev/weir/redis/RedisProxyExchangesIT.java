package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.weir.core.Proxy;
import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.HotKeys;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.util.ResourceLeakDetector;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What {@code redis_proxy} tells of each command, and what that costs. */
final class RedisProxyExchangesIT {
    static List<String> servers() {
        return TestServer.available();
    }

    private static Exchange copy(Exchange exchange) {
        Exchange copy = new Exchange();
        copy.copyFrom(exchange);
        return copy;
    }

    @Test
    void everyCommandIsOneExchange() throws Exception {
        Queue<Exchange> seen = new ConcurrentLinkedQueue<>();
        try (TestServer one = TestServer.start("embedded");
                TestServer two = TestServer.start("embedded");
                Proxy proxy = ShardedBed.start(
                        Proxy.builder().sink(loop -> exchange -> seen.add(copy(exchange))),
                        List.of("127.0.0.1:" + one.port(), "127.0.0.1:" + two.port()),
                        Map.of(),
                        Map.of());
                RawClient client = new RawClient(proxy.address("cache").port())) {
            List<String> mget = new ArrayList<>(List.of("MGET"));
            for (int i = 0; i < 50; i++) {
                mget.add("k" + i);
            }
            client.call("CLIENT", "SETNAME", "me");
            client.call("SET", "k", "v");
            client.call("GET", "k");
            client.call("GET", "absent");
            client.call("INCR", "k");
            client.call(mget.toArray(new String[0]));
            client.call("NOSUCH", "k");
            client.call("SELECT", "1");
            client.call("DBSIZE");
            client.call("PING");

            List<Exchange> all = List.copyOf(seen);
            assertThat(all)
                    .extracting(exchange -> exchange.operation().name())
                    .containsExactly(
                            "CLIENT SETNAME",
                            "SET",
                            "GET",
                            "GET",
                            "INCR",
                            "MGET",
                            "_OTHER",
                            "SELECT",
                            "DBSIZE",
                            "PING");
            Exchange set = all.get(1);
            assertThat(set.requestBytes)
                    .isEqualTo(RawClient.encode("SET", "k", "v").length());
            assertThat(set.responseBytes).isEqualTo(5);
            assertThat(set.upstreamText()).isIn("127.0.0.1:" + one.port(), "127.0.0.1:" + two.port());
            assertThat(set.clusterName()).isEqualTo("c");
            assertThat(set.app).isEqualTo("me");
            assertThat(set.target).isNull();
            assertThat(set.namespace).isEqualTo("0");
            assertThat(set.byWeir).isFalse();
            assertThat(set.durationNanos).isPositive();
            assertThat(set.firstByteNanos).isBetween(1L, set.durationNanos);
            assertThat(set.upstreamNanos + set.queueNanos).isEqualTo(set.durationNanos);
            assertThat(all.get(2).hit).isEqualTo(1);
            assertThat(all.get(3).hit).isZero();
            assertThat(all.get(4).status).isEqualTo(Exchange.Status.ERROR);
            assertThat(all.get(4).error).isEqualTo("ERR");
            assertThat(all.get(4).byWeir).isFalse();
            assertThat(all.get(5).shards).isEqualTo(2);
            assertThat(all.get(6).status).isEqualTo(Exchange.Status.ERROR);
            assertThat(all.get(6).byWeir).isTrue();
            assertThat(all.get(6).upstreamText()).isNull();
            assertThat(all.get(8).namespace).isEqualTo("1");
            assertThat(all.get(9).byWeir).isTrue();
        }
    }

    /** As the sniffer tells of them: with the status of their element of EXEC, or aborted. */
    @ParameterizedTest
    @MethodSource("servers")
    void whatIsQueuedEndsWithItsTransaction(String name) throws Exception {
        Queue<Exchange> seen = new ConcurrentLinkedQueue<>();
        try (TestServer one = TestServer.start(name);
                TestServer two = TestServer.start(name);
                Proxy proxy = ShardedBed.start(
                        Proxy.builder().sink(loop -> exchange -> seen.add(copy(exchange))),
                        List.of("127.0.0.1:" + one.port(), "127.0.0.1:" + two.port()),
                        Map.of("keys", true),
                        Map.of());
                RawClient client = new RawClient(proxy.address("cache").port());
                RawClient other = new RawClient(proxy.address("cache").port())) {
            String list = RawClient.encode("LPUSH", "k", "x".repeat(5000));
            client.write(RawClient.encode("MULTI")
                    + RawClient.encode("PING")
                    + RawClient.encode("SET", "k", "value")
                    + RawClient.encode("GET", "k")
                    + list
                    + RawClient.encode("GET", "k"));
            for (int i = 0; i < 6; i++) {
                assertThat(client.read()).isEqualTo(i == 0 ? "+OK\r\n" : "+QUEUED\r\n");
            }
            assertThat(told(seen)).containsExactly("MULTI OK null");
            assertThat(client.call("EXEC")).startsWith("*5\r\n+PONG\r\n+OK\r\n$5\r\nvalue\r\n-WRONGTYPE ");
            assertThat(told(seen))
                    .containsExactly(
                            "MULTI OK null",
                            "PING OK null",
                            "SET OK k",
                            "GET OK k",
                            "LPUSH ERROR k",
                            "GET OK k",
                            "EXEC OK null");
            List<Exchange> all = List.copyOf(seen);
            assertThat(all.get(3).hit).isEqualTo(1);
            assertThat(all.get(3).responseBytes).isEqualTo(11);
            assertThat(all.get(1).responseBytes).isEqualTo(7);
            assertThat(all.get(4).error).isEqualTo("WRONGTYPE");
            assertThat(all.get(4).requestBytes).isEqualTo(list.length());
            assertThat(all.get(4).durationNanos).isEqualTo(-1);
            assertThat(all.get(4).upstreamText()).isEqualTo(all.get(6).upstreamText());

            seen.clear();
            client.call("WATCH", "k");
            client.call("MULTI");
            client.call("GET", "k");
            assertThat(other.call("SET", "k", "changed")).isEqualTo("+OK\r\n");
            assertThat(client.call("EXEC")).isEqualTo("*-1\r\n");
            client.call("MULTI");
            client.call("GET", "k");
            client.call("DISCARD");
            client.call("MULTI");
            client.call("GET", "k");
            assertThat(client.call("NOSUCH")).startsWith("-ERR unknown command");
            assertThat(client.call("EXEC")).startsWith("-EXECABORT ");
            assertThat(told(seen))
                    .containsExactly(
                            "WATCH OK k",
                            "MULTI OK null",
                            "SET OK k",
                            "GET ABORTED k",
                            "EXEC OK null",
                            "MULTI OK null",
                            "GET ABORTED k",
                            "DISCARD OK null",
                            "MULTI OK null",
                            "_OTHER ERROR null",
                            "GET ABORTED k",
                            "EXEC ERROR null");

            seen.clear();
            try (RawClient leaving = new RawClient(proxy.address("cache").port())) {
                leaving.call("MULTI");
                leaving.call("SET", "k", "v");
            }
            awaitTold(seen, 2);
            assertThat(told(seen)).containsExactly("MULTI OK null", "SET ABORTED k");
        }
    }

    /** What was never sent to a shard has certainly not been carried out. */
    @Test
    void whatIsQueuedIsAbortedWhereExecCouldNotBeSent() throws Exception {
        Queue<Exchange> seen = new ConcurrentLinkedQueue<>();
        try (TestServer one = TestServer.start("embedded");
                Proxy proxy = ShardedBed.start(
                        Proxy.builder().sink(loop -> exchange -> seen.add(copy(exchange))),
                        List.of("127.0.0.1:" + one.port()),
                        Map.of(),
                        Map.of());
                RawClient client = new RawClient(proxy.address("cache").port())) {
            assertThat(client.call("MULTI") + client.call("PING")).isEqualTo("+OK\r\n+QUEUED\r\n");
            one.kill();
            assertThat(client.call("EXEC")).startsWith("-");
            assertThat(told(seen)).containsExactly("MULTI OK null", "PING ABORTED null", "EXEC ERROR null");
        }
    }

    /** The client is reset, as no error can follow half an answer. */
    @Test
    void halfAnAnswerIsNoReply() throws Exception {
        Queue<Exchange> seen = new ConcurrentLinkedQueue<>();
        try (FakeRedis shard = new FakeRedis();
                Proxy proxy = ShardedBed.start(
                        Proxy.builder().sink(loop -> exchange -> seen.add(copy(exchange))),
                        List.of("127.0.0.1:" + shard.port()),
                        Map.of(),
                        Map.of());
                Socket client = new Socket(
                        InetAddress.getLoopbackAddress(), proxy.address("cache").port())) {
            client.setSoTimeout(60_000);
            shard.raw = "$100\r\nhalf";
            client.getOutputStream()
                    .write(RawClient.encode("GET", "k").getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            assertThat(client.getInputStream().readNBytes(10)).hasSize(10);
            shard.hangUp();
            awaitTold(seen, 1);
            assertThat(told(seen)).containsExactly("GET NO_REPLY null");
        }
    }

    private static void awaitTold(Queue<Exchange> seen, int number) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (seen.size() < number) {
            assertThat(System.nanoTime()).as("told of %s", told(seen)).isLessThan(end);
            Thread.sleep(5);
        }
    }

    private static List<String> told(Queue<Exchange> seen) {
        return seen.stream()
                .map(exchange -> exchange.operation().name() + ' ' + exchange.status + ' ' + exchange.target)
                .toList();
    }

    @Test
    void anErrorForSomeOfTheKeysIsAnError() throws Exception {
        Queue<Exchange> seen = new ConcurrentLinkedQueue<>();
        try (TestServer one = TestServer.start("embedded");
                TestServer two = TestServer.start("embedded");
                Proxy proxy = ShardedBed.start(
                        Proxy.builder().sink(loop -> exchange -> seen.add(copy(exchange))),
                        List.of("127.0.0.1:" + one.port(), "127.0.0.1:" + two.port()),
                        Map.of(),
                        Map.of());
                RawClient client = new RawClient(proxy.address("cache").port())) {
            List<String> mget = new ArrayList<>(List.of("MGET"));
            for (int i = 0; i < 50; i++) {
                mget.add("k" + i);
            }
            two.kill();

            String answer = client.call(mget.toArray(new String[0]));

            assertThat(answer).startsWith("*50\r\n").contains("$-1\r\n", "-ERR shard 127.0.0.1:" + two.port());
            assertThat(seen).singleElement().satisfies(exchange -> {
                assertThat(exchange.status).isEqualTo(Exchange.Status.ERROR);
                assertThat(exchange.error).isEqualTo("ERR");
                assertThat(exchange.shards).isEqualTo(2);
            });
        }
    }

    @Test
    void showsFirstKeysWhereItIsToldTo() throws Exception {
        Queue<Exchange> seen = new ConcurrentLinkedQueue<>();
        try (TestServer one = TestServer.start("embedded");
                Proxy proxy = ShardedBed.start(
                        Proxy.builder().sink(loop -> exchange -> seen.add(copy(exchange))),
                        List.of("127.0.0.1:" + one.port()),
                        Map.of("keys", true),
                        Map.of());
                RawClient client = new RawClient(proxy.address("cache").port())) {
            client.call("SET", "a key", "secret");
            client.call("EVAL", "return 1", "1", "k", "secret");
            client.call("EVAL", "return 1", "0", "secret");
            client.call("AUTH", "secret");
            assertThat(seen).extracting(exchange -> exchange.target).containsExactly("a key", "k", null, null);
        }
    }

    @Test
    void countsTheKeysThatAreUsedMost() throws Exception {
        try (TestServer one = TestServer.start("embedded");
                Proxy proxy = ShardedBed.start(
                        new SimpleMeterRegistry(),
                        List.of("127.0.0.1:" + one.port()),
                        Map.of("hot_keys", Map.of("sampling", 1.0), "key_format", "app:%KEY%"),
                        Map.of());
                RawClient client = new RawClient(proxy.address("cache").port())) {
            for (int i = 0; i < 30; i++) {
                client.call("GET", "often");
                client.call("MGET", i % 3 == 0 ? "seldom" : "often", "other");
            }
            client.call("PING");
            assertThat(proxy.exchanges().hotKeys().top(HotKeys.Rank.CALLS, 10))
                    .extracting(row -> row.key() + " " + row.value())
                    .containsExactly("often 50", "seldom 10");
        }
    }

    /** A loop and Netty allocate a little for each iteration; an object for each command would be more than this. */
    @Test
    void commandsOfAPipelineLeaveNoGarbage() throws Exception {
        AtomicLong loop = new AtomicLong();
        ResourceLeakDetector.Level level = ResourceLeakDetector.getLevel();
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED); // it writes down who has taken a buffer
        try (TestServer one = TestServer.start("embedded");
                TestServer two = TestServer.start("embedded");
                Proxy proxy = ShardedBed.start(
                        Proxy.builder()
                                .sink(index -> exchange ->
                                        loop.set(Thread.currentThread().getId())),
                        List.of("127.0.0.1:" + one.port(), "127.0.0.1:" + two.port()),
                        Map.of(),
                        Map.of());
                RawClient client = new RawClient(proxy.address("cache").port())) {
            StringBuilder pipeline = new StringBuilder();
            for (int i = 0; i < 100; i++) {
                pipeline.append(RawClient.encode("SET", "k" + i, "v".repeat(64)));
                pipeline.append(RawClient.encode("GET", "k" + i));
            }
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long least = Long.MAX_VALUE;
            for (int round = 0; round < 30; round++) {
                long before = loop.get() == 0 ? 0 : threads.getThreadAllocatedBytes(loop.get());
                for (int i = 0; i < 20; i++) {
                    client.write(pipeline.toString());
                    for (int k = 0; k < 200; k++) {
                        client.read();
                    }
                }
                long allocated = threads.getThreadAllocatedBytes(loop.get()) - before;
                least = round == 0 ? least : Math.min(least, allocated / (20 * 200));
            }
            assertThat(least).as("bytes for each command").isLessThan(64);
        } finally {
            ResourceLeakDetector.setLevel(level);
        }
    }
}
