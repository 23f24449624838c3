package dev.weir.testbeds;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.testbeds.ShardLoad.Turn;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Real Redis servers that are killed and started again under load, behind consistent hashing: nobody but their own clients is concerned. */
class ShardKillIT {
    private static final int SHARDS = 4;
    private static final int CLIENTS = 12;
    private static final int ROUNDS = 4;

    private static List<String> addresses(List<RedisBed> shards) {
        return shards.stream().map(RedisBed::address).toList();
    }

    /** Which port each client's connections go to; every client has come several times. */
    private static Map<Integer, Integer> owners(List<Turn> turns) {
        Map<Integer, Integer> owners = new HashMap<>();
        for (Turn turn : turns) {
            assertThat(turn.trouble()).as("%s", turn).isNull();
            Integer before = owners.putIfAbsent(turn.client(), turn.server());
            assertThat(before == null || before == turn.server())
                    .as("%s, before: %s", turn, before)
                    .isTrue();
        }
        return owners;
    }

    private static Map<Integer, Integer> settled(ShardLoad load) throws InterruptedException {
        List<Turn> turns = new ArrayList<>();
        while (turns.stream().map(Turn::client).distinct().count() < CLIENTS) {
            turns.addAll(load.fresh(4 * CLIENTS));
        }
        return owners(turns);
    }

    private static boolean becomes(Proxy proxy, int shard, String health) throws InterruptedException {
        return Setup.eventually(
                () -> proxy.clusters().get(0).endpoints().get(shard).health().equals(health));
    }

    /** Waits until a client's connections go where {@code port} is, or do not any more. */
    private static boolean isUsed(ShardLoad load, int port, boolean used) throws InterruptedException {
        for (int tries = 0; tries < 200; tries++) {
            List<Turn> turns = load.fresh(4 * CLIENTS);
            if (turns.stream().anyMatch(turn -> turn.server() == port) == used
                    && turns.stream().allMatch(turn -> turn.trouble() == null)) {
                return true;
            }
        }
        return false;
    }

    @ParameterizedTest
    @ValueSource(strings = {"ketama", "ring_hash", "maglev"})
    void killedShardsConcernTheirOwnClientsOnly(String policy) throws Exception {
        List<RedisBed> shards = new ArrayList<>();
        for (int i = 0; i < SHARDS; i++) {
            shards.add(RedisBed.start(RedisBed.embedded()));
        }
        Map<String, Object> settings = Map.of("load_balancing", policy, "health_check", ShardBed.CHECK);
        try (Proxy proxy = ShardBed.start(new SimpleMeterRegistry(), settings, addresses(shards));
                ShardLoad load =
                        new ShardLoad(proxy.address(Setup.LISTENER).port(), CLIENTS, ShardLoad.Question.PORT)) {
            Map<Integer, Integer> owners = settled(load);
            for (int round = 0; round < ROUNDS; round++) {
                int victim = IntStream.range(0, SHARDS)
                        .boxed()
                        .filter(i -> owners.containsValue(shards.get(i).port()))
                        .toList()
                        .get(round % (int) owners.values().stream().distinct().count());
                int port = shards.get(victim).port();
                load.take();

                shards.get(victim).close(); // SIGKILL
                assertThat(becomes(proxy, victim, "unhealthy")).isTrue();
                assertThat(isUsed(load, port, false)).isTrue();
                Map<Integer, Integer> without = settled(load);

                shards.set(victim, RedisBed.start(RedisBed.embedded(), port));
                assertThat(becomes(proxy, victim, "healthy")).isTrue();
                assertThat(isUsed(load, port, true)).isTrue();

                assertThat(settled(load)).as("as before round %d", round).isEqualTo(owners);
                assertThat(without).doesNotContainValue(port);
                if (policy.equals("ketama")) {
                    owners.forEach((client, owner) -> {
                        if (owner != port) {
                            assertThat(without).as("client %d stays", client).containsEntry(client, owner);
                        }
                    });
                }
            }
        } finally {
            shards.forEach(RedisBed::close);
        }
    }
}
