package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Subscriptions through {@code redis_proxy} to two shards. */
final class RedisProxyPubSubIT {
    static List<String> servers() {
        return TestServer.available();
    }

    private static String message(String... words) {
        return RawClient.encode(words);
    }

    private static String confirmed(String what, String name, int count) {
        return "*3\r\n$" + what.length() + "\r\n" + what + "\r\n$" + name.length() + "\r\n" + name + "\r\n:" + count
                + "\r\n";
    }

    @ParameterizedTest
    @MethodSource("servers")
    void messagesReachAllWhoHaveSubscribed(String name) throws Exception {
        try (ShardedBed bed = ShardedBed.of(List.of(name, name), Map.of());
                RawClient two = bed.connect();
                RawClient three = bed.connect();
                RawClient pattern = bed.connect();
                RawClient sender = bed.connect()) {
            three.call("HELLO", "3");
            for (int i = 0; i < 10; i++) {
                String channel = "channel" + i;
                assertThat(two.call("SUBSCRIBE", channel)).isEqualTo(confirmed("subscribe", channel, i + 1));
                assertThat(three.call("SUBSCRIBE", channel))
                        .isEqualTo('>' + confirmed("subscribe", channel, i + 1).substring(1));
            }
            assertThat(pattern.call("PSUBSCRIBE", "chan*")).isEqualTo(confirmed("psubscribe", "chan*", 1));
            for (int i = 0; i < 10; i++) {
                String channel = "channel" + i;
                String text = "m".repeat(i * 200);
                // A subscription and a pattern of each loop, whatever the number of clients behind them.
                assertThat(sender.call("PUBLISH", channel, text)).matches(":[234]\r\n");
                assertThat(two.read()).isEqualTo(message("message", channel, text));
                assertThat(three.read())
                        .isEqualTo('>' + message("message", channel, text).substring(1));
                assertThat(pattern.read()).isEqualTo(message("pmessage", "chan*", channel, text));
            }
            assertThat(three.call("SET", "k", "v")).isEqualTo("+OK\r\n");
            assertThat(two.call("GET", "k")).startsWith("-ERR Can't execute 'get': only (P|S)SUBSCRIBE");
            assertThat(two.call("PING", "x")).isEqualTo("*2\r\n$4\r\npong\r\n$1\r\nx\r\n");
            assertThat(two.call("UNSUBSCRIBE", "channel3")).isEqualTo(confirmed("unsubscribe", "channel3", 9));
            sender.call("PUBLISH", "channel3", "not to two");
            sender.call("PUBLISH", "channel4", "to both");
            assertThat(two.read()).contains("to both");
            // Of two shards, whose messages have no order among them.
            assertThat(three.read() + three.read()).contains("not to two", "to both");
            two.send("UNSUBSCRIBE");
            for (int left = 8; left >= 0; left--) {
                assertThat(two.read())
                        .startsWith("*3\r\n$11\r\nunsubscribe\r\n")
                        .endsWith(":" + left + "\r\n");
            }
            assertThat(two.call("GET", "k")).isEqualTo("$1\r\nv\r\n");
            assertThat(two.call("UNSUBSCRIBE")).isEqualTo("*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n");
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void whoeverHasSubscribedLearnsOfALostShard(String name) throws Exception {
        try (ShardedBed bed = ShardedBed.of(List.of(name), Map.of())) {
            try (RawClient client = bed.connect()) {
                client.call("SUBSCRIBE", "c");
                try (TestServer.Client direct = bed.shards.get(0).connect()) {
                    direct.call("CLIENT", "KILL", "TYPE", "pubsub");
                }
                assertThat(client.ended()).isTrue();
            }
            try (RawClient client = bed.connect()) {
                assertThat(client.call("SUBSCRIBE", "c")).isEqualTo(confirmed("subscribe", "c", 1));
            }
            bed.shards.get(0).close();
            try (RawClient client = bed.connect()) {
                Assertions.assertThatCode(() -> {
                            String answer = client.call("SUBSCRIBE", "d");
                            assertThat(answer).startsWith("-ERR shard 127.0.0.1:");
                        })
                        .satisfiesAnyOf(
                                none -> assertThat(none).isNull(), // it was refused
                                end -> assertThat(end).isInstanceOf(IOException.class));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void messagesDoNotOvertakeAnswers(String name) throws Exception {
        try (ShardedBed bed = ShardedBed.of(List.of(name, name), Map.of());
                RawClient one = bed.connect();
                RawClient sender = bed.connect()) {
            one.call("SUBSCRIBE", "a");
            for (int i = 0; i < 50; i++) {
                try (RawClient client = bed.connect()) {
                    client.write(RawClient.encode("SET", "k", "v")
                            + RawClient.encode("GET", "k")
                            + RawClient.encode("SUBSCRIBE", "a", "b"));
                    sender.call("PUBLISH", "a", "x");
                    assertThat(client.read()).isEqualTo("+OK\r\n");
                    assertThat(client.read()).isEqualTo("$1\r\nv\r\n");
                    assertThat(client.read()).isEqualTo(confirmed("subscribe", "a", 1));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void subscribingAndLeavingAtOnceIsAnswered(String name) throws Exception {
        try (ShardedBed bed = ShardedBed.of(List.of(name, name), Map.of())) {
            for (int i = 0; i < 20; i++) {
                try (RawClient client = bed.connect();
                        RawClient gone = bed.connect()) {
                    gone.send("SUBSCRIBE", "g" + i);
                    gone.endOutput();
                    client.write(RawClient.encode("SUBSCRIBE", "a" + i)
                            + RawClient.encode("UNSUBSCRIBE", "a" + i)
                            + RawClient.encode("SUBSCRIBE", "a" + i)
                            + RawClient.encode("PING"));
                    assertThat(client.read()).isEqualTo(confirmed("subscribe", "a" + i, 1));
                    assertThat(client.read()).isEqualTo(confirmed("unsubscribe", "a" + i, 0));
                    assertThat(client.read()).isEqualTo(confirmed("subscribe", "a" + i, 1));
                    assertThat(client.read()).isEqualTo("*2\r\n$4\r\npong\r\n$0\r\n\r\n");
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void aRefusedSubscriptionConcernsNobodyElse(String name) throws Exception {
        try (ShardedBed bed = ShardedBed.of(
                        List.of(name), Map.of("upstream_auth", Map.of("user", "proxy", "password", "p")));
                TestServer.Client direct = bed.shards.get(0).connect()) {
            direct.call("ACL", "SETUSER", "proxy", "on", ">p", "~*", "+@all", "resetchannels", "&ok*");
            try (RawClient one = bed.connect();
                    RawClient two = bed.connect()) {
                assertThat(one.call("SUBSCRIBE", "ok")).isEqualTo(confirmed("subscribe", "ok", 1));
                assertThat(two.call("SUBSCRIBE", "secret")).startsWith("-NOPERM ");
                assertThat(two.call("SUBSCRIBE", "ok2")).isEqualTo(confirmed("subscribe", "ok2", 1));
                direct.call("PUBLISH", "ok", "still");
                assertThat(one.read()).isEqualTo(message("message", "ok", "still"));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void aSubscriberThatDoesNotReadIsClosedAndOthersGoOn(String name) throws Exception {
        try (ShardedBed bed = ShardedBed.of(List.of(name, name), Map.of("client_output_limit", "1MiB"));
                RawClient slow = bed.connect();
                RawClient other = bed.connect();
                RawClient sender = bed.connect()) {
            assertThat(slow.call("SUBSCRIBE", "c")).isEqualTo(confirmed("subscribe", "c", 1));
            assertThat(other.call("SUBSCRIBE", "c")).isEqualTo(confirmed("subscribe", "c", 1));
            String text = "m".repeat(100_000);
            int sent = 0;
            while (bed.closed("slow_client") == 0) {
                assertThat(sender.call("PUBLISH", "c", text + sent)).matches(":[12]\r\n");
                assertThat(other.read()).isEqualTo(message("message", "c", text + sent));
                assertThat(++sent)
                        .as("messages of 100,000 bytes that nobody reads")
                        .isLessThan(1_000);
            }
            for (int i = 0; i < 10; i++) {
                assertThat(sender.call("PUBLISH", "c", "after" + i)).matches(":[12]\r\n");
                assertThat(other.read()).isEqualTo(message("message", "c", "after" + i));
            }
            assertThat(slow.readAll().length()).isLessThan(sent * text.length());
        }
    }
}
