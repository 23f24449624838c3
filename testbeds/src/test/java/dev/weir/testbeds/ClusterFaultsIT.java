package dev.weir.testbeds;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.testbeds.FaultyRelay.Mode;
import dev.weir.testbeds.ShardLoad.Turn;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Hosts that are down, silent, resetting or flapping, under load: only connections with them suffer, and only for a while. */
class ClusterFaultsIT {
    private static final int CLIENTS = 6;
    private static final int MANY = 120;

    private static Map<String, Object> with(String key, Object value, Map<String, Object> more) {
        Map<String, Object> all = new HashMap<>(more);
        all.put(key, value);
        return all;
    }

    private static Set<Integer> servers(List<Turn> turns) {
        return turns.stream().map(Turn::server).collect(Collectors.toCollection(TreeSet::new));
    }

    private static List<Turn> troubled(List<Turn> turns) {
        return turns.stream().filter(turn -> turn.trouble() != null).toList();
    }

    /** Turns that went wrong although another server than {@code faulty} was concerned. */
    private static List<Turn> wrong(List<Turn> turns, int faulty) {
        return troubled(turns).stream()
                .filter(turn -> turn.server() != faulty && turn.server() != -1)
                .toList();
    }

    @ParameterizedTest
    @EnumSource(
            value = Mode.class,
            names = {"REFUSE", "RESET", "STALL", "VANISH"})
    void checksFindAHostThatFailsAndThatItIsBack(Mode fault) throws Exception {
        Map<String, Object> check = with("timeout", "1s", ShardBed.CHECK);
        try (ShardBed bed = new ShardBed(3, Map.of("health_check", check, "connect_timeout", "300ms"));
                ShardLoad load = bed.load(CLIENTS)) {
            assertThat(servers(load.fresh(MANY))).containsExactly(0, 1, 2);

            bed.relay(1).set(fault);
            assertThat(bed.becomes(1, "unhealthy")).isTrue();
            if (fault == Mode.STALL) {
                // Whoever is with it waits, for as long as it does: Weir does not end what may go on.
                bed.relay(1).set(Mode.RESET);
            }
            List<Turn> meanwhile = load.take();
            // Its flag is set before the hosts to choose from are built anew, and a connection may be in the making.
            List<Turn> settled = load.fresh(MANY);
            for (int tries = 0;
                    tries < 50
                            && (servers(settled).contains(1)
                                    || !troubled(settled).isEmpty());
                    tries++) {
                settled = load.fresh(MANY);
            }
            List<Turn> without = load.fresh(MANY);

            bed.relay(1).set(Mode.PASS);
            assertThat(bed.becomes(1, "healthy")).isTrue();
            assertThat(Setup.eventually(() -> servers(load.take()).contains(1))).isTrue();
            List<Turn> after = load.fresh(MANY);

            assertThat(wrong(meanwhile, 1)).isEmpty();
            assertThat(troubled(without)).isEmpty();
            assertThat(servers(without)).containsExactly(0, 2);
            assertThat(troubled(after)).isEmpty();
            assertThat(servers(after)).containsExactly(0, 1, 2);
        }
    }

    @Test
    void clientsNeverSeeAHostThatRefuses() throws Exception {
        try (ShardBed bed = new ShardBed(3, Map.of("outlier_detection", ShardBed.OUTLIERS))) {
            bed.relay(0).set(Mode.REFUSE);
            try (ShardLoad load = bed.load(CLIENTS)) {
                assertThat(bed.becomes(0, "ejected")).isTrue();
                List<Turn> turns = load.next(MANY);

                assertThat(troubled(turns)).isEmpty();
                assertThat(servers(turns)).containsExactly(1, 2);
                assertThat(bed.endpoint(0).reason()).startsWith("3 failures in a row");
                assertThat(bed.endpoint(0).connectFailures()).isGreaterThanOrEqualTo(3);
            }
        }
    }

    @Test
    void waitsForPacketsThatVanishNoLongerThanToldAndTakesAnotherHost() throws Exception {
        Map<String, Object> settings =
                Map.of("outlier_detection", ShardBed.OUTLIERS, "connect_timeout", "150ms", "load_balancing", "random");
        try (ShardBed bed = new ShardBed(3, settings)) {
            bed.relay(2).set(Mode.VANISH);
            try (ShardLoad load = bed.load(CLIENTS)) {
                assertThat(bed.becomes(2, "ejected")).isTrue();
                List<Turn> turns = load.next(MANY);

                assertThat(troubled(turns)).isEmpty();
                assertThat(servers(turns)).containsExactly(0, 1);
                assertThat(bed.count("weir.upstream.connect.failures", "reason", "timeout"))
                        .isGreaterThanOrEqualTo(3);
            }
        }
    }

    @Test
    void aFlappingHostOfFiveHarmsItsOwnConnectionsOnly() throws Exception {
        Map<String, Object> outliers = with("base_ejection_time", "20ms", ShardBed.OUTLIERS);
        Map<String, Object> settings = Map.of(
                "outlier_detection",
                with("max_ejection_time", "40ms", outliers),
                "health_check",
                ShardBed.CHECK,
                "load_balancing",
                "least_request");
        try (ShardBed bed = new ShardBed(5, settings);
                ShardLoad load = bed.load(CLIENTS)) {
            for (int i = 0; i < 20; i++) {
                bed.relay(3).set(i % 2 == 0 ? Mode.REFUSE : Mode.RESET);
                List<Turn> down = load.next(30);
                bed.relay(3).set(Mode.PASS);
                List<Turn> up = load.next(30);

                assertThat(wrong(down, 3)).as("round %d, down", i).isEmpty();
                assertThat(wrong(up, 3)).as("round %d, up", i).isEmpty();
            }
            assertThat(bed.becomes(3, "healthy")).isTrue();
            assertThat(Setup.eventually(() -> servers(load.take()).contains(3))).isTrue();
            List<Turn> after = load.fresh(MANY);

            assertThat(troubled(after)).isEmpty();
            assertThat(servers(after)).containsExactly(0, 1, 2, 3, 4);
            assertThat(bed.cluster().endpoints()).allMatch(e -> e.health().equals("healthy"));
        }
    }

    @Test
    void usesAllInPanicAndFewAfterwards() throws Exception {
        try (ShardBed bed = new ShardBed(5, Map.of("health_check", ShardBed.CHECK));
                ShardLoad load = bed.load(CLIENTS)) {
            for (int i = 0; i < 3; i++) {
                bed.relay(i).set(Mode.REFUSE);
            }
            assertThat(Setup.eventually(() -> bed.cluster().panic())).isTrue();
            double tries = bed.endpoint(0).connectFailures();
            List<Turn> panicking = load.fresh(MANY);
            // All are tried, and those that refuse are followed by others: with three attempts nearly all arrive.
            assertThat(servers(panicking)).contains(3, 4);
            assertThat(Setup.eventually(() -> bed.endpoint(0).connectFailures() > tries + 3))
                    .isTrue();

            bed.relay(0).set(Mode.PASS);
            assertThat(bed.becomes(0, "healthy")).isTrue();
            assertThat(Setup.eventually(() -> !bed.cluster().panic())).isTrue();
            List<Turn> after = load.fresh(MANY);

            assertThat(troubled(after)).isEmpty();
            assertThat(servers(after)).containsExactly(0, 3, 4);
        }
    }

    @Test
    void aHostThatReturnsBeginsSlowly() throws Exception {
        Map<String, Object> settings = Map.of("health_check", ShardBed.CHECK, "slow_start", "1h");
        try (ShardBed bed = new ShardBed(3, settings);
                ShardLoad load = bed.load(CLIENTS)) {
            bed.relay(2).set(Mode.REFUSE);
            assertThat(bed.becomes(2, "unhealthy")).isTrue();
            bed.relay(2).set(Mode.PASS);
            assertThat(bed.becomes(2, "healthy")).isTrue();
            assertThat(Setup.eventually(() -> servers(load.take()).contains(2))).isTrue();

            List<Turn> turns = load.fresh(840);

            // A tenth of the weight of the other two: 4.8 %, where its share is a third.
            long itsOwn = turns.stream().filter(turn -> turn.server() == 2).count();
            assertThat(troubled(turns)).isEmpty();
            assertThat(100.0 * itsOwn / turns.size()).isBetween(1.0, 12.0);
        }
    }
}
