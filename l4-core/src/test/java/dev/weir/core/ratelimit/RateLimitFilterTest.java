package dev.weir.core.ratelimit;

import static dev.weir.core.ratelimit.LimitBed.limit;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.testkit.FilterTester;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RateLimitFilterTest {
    @Test
    void closesConnectionsOverTheLimit() {
        LimitBed bed = LimitBed.connections(limit("per", "listener", "rate", "1/h", "burst", 2));
        try (FilterTester first = bed.connect();
                FilterTester second = bed.connect();
                FilterTester third = bed.connect()) {
            assertThat(first.started()).isTrue();
            assertThat(second.closeReason()).isNull();
            assertThat(third.closeReason()).isEqualTo(CloseReason.RATE_LIMITED);
            assertThat(third.started()).isFalse();
            assertThat(bed.count("connections", "listener", "allowed")).isEqualTo(2);
            assertThat(bed.count("connections", "listener", "denied")).isEqualTo(1);
        }
    }

    @Test
    void aClientThatReconnectsHasTheSameBucket() {
        LimitBed bed = LimitBed.connections(limit("per", "client", "rate", "1/h", "burst", 3));
        for (int i = 0; i < 3; i++) {
            bed.connect().close();
        }

        try (FilterTester fourth = bed.connect()) {
            assertThat(fourth.closeReason()).isEqualTo(CloseReason.RATE_LIMITED);
        }
    }

    @Test
    void aConnectionThatOneLimitRefusesCostsTheOthersNothing() {
        LimitBed bed = LimitBed.connections(
                limit("per", "listener", "rate", "1/h", "burst", 2), limit("per", "client", "rate", "1/h"));
        bed.connect().close();
        bed.connect().close();
        bed.connect().close();

        assertThat(bed.count("connections", "listener", "denied")).isZero();
        assertThat(bed.count("connections", "client", "denied")).isEqualTo(2);
    }

    @Test
    void answersCommandsOverTheLimitAtTheirPlaces() {
        LimitBed bed = LimitBed.commands(limit("per", "listener", "rate", "1/s", "burst", 2));
        try (FilterTester tester = bed.connect()) {
            tester.client("get a\nset b\nget c\nget d\n");
            assertThat(tester.toUpstream()).isEqualTo("get a\nset b\n");
            tester.upstream("1\n2\n");

            assertThat(tester.toClient()).isEqualTo("1\n2\nLIMITED rate limited\nLIMITED rate limited\n");
            assertThat(bed.count("commands", "listener", "allowed")).isEqualTo(2);
            assertThat(bed.count("commands", "listener", "denied")).isEqualTo(2);
        }
    }

    @Test
    void tokensComeWithTime() {
        LimitBed bed = LimitBed.commands(limit("per", "client", "rate", "1/s"));
        try (FilterTester tester = bed.connect()) {
            tester.client("get a\n").advance(Duration.ofMillis(999)).client("get b\n");
            assertThat(tester.toUpstream()).isEqualTo("get a\n");

            tester.advance(Duration.ofMillis(1)).client("get c\n");

            assertThat(tester.toUpstream()).isEqualTo("get c\n");
        }
    }

    @Test
    void connectionsShareTheBucketOfTheirListenerAndClient() {
        for (String per : List.of("listener", "client")) {
            LimitBed bed = LimitBed.commands(limit("per", per, "rate", "1/h", "burst", 3));
            try (FilterTester one = bed.connect();
                    FilterTester other = bed.connect()) {
                one.client("get a\nget b\n");
                other.client("get c\nget d\n");

                assertThat(one.toUpstream()).isEqualTo("get a\nget b\n");
                assertThat(other.toUpstream()).isEqualTo("get c\n");
            }
        }
    }

    @Test
    void countsOnlyTheCommandsItNames() {
        LimitBed bed = LimitBed.commands(limit("per", "listener", "rate", "1/h", "commands", List.of("SET", "delete")));
        try (FilterTester tester = bed.connect()) {
            tester.client("set a\nget b\nset c\ndelete d\nget e\n");

            assertThat(tester.toUpstream()).isEqualTo("set a\nget b\nget e\n");
        }
    }

    @Test
    void countsOnlyReadsOrWrites() {
        LimitBed bed = LimitBed.commands(
                limit("per", "listener", "rate", "1/h", "commands", List.of("@write")),
                limit("per", "listener", "rate", "1/h", "burst", 2, "commands", List.of("@read")));
        try (FilterTester tester = bed.connect()) {
            tester.client("set a\nget b\nset c\nget d\nget e\n");

            assertThat(tester.toUpstream()).isEqualTo("set a\nget b\nget d\n");
        }
    }

    @Test
    void aCommandThatOneLimitRefusesCostsTheOthersNothing() {
        LimitBed bed = LimitBed.commands(
                limit("per", "listener", "rate", "1/h", "burst", 3),
                limit("per", "client", "rate", "1/h", "commands", List.of("set")));
        try (FilterTester tester = bed.connect()) {
            tester.client("set a\nset b\nset c\nset d\nget e\nget f\nget g\n");

            assertThat(tester.toUpstream()).isEqualTo("set a\nget e\nget f\n");
        }
    }

    @Test
    void delaysCommandsUpToABoundAtExactlyTheRate() {
        LimitBed bed = LimitBed.commands(
                limit("per", "client", "rate", "10/s", "burst", 1, "action", "delay", "max_delay", "350ms"));
        try (FilterTester tester = bed.connect()) {
            tester.client("get a\nget b\nget c\n");
            assertThat(tester.toUpstream()).isEqualTo("get a\n");
            tester.advance(Duration.ofMillis(101));
            assertThat(tester.toUpstream()).isEqualTo("get b\n");
            tester.advance(Duration.ofMillis(98));
            assertThat(tester.toUpstream()).isEmpty();
            tester.advance(Duration.ofMillis(3));

            assertThat(tester.toUpstream()).isEqualTo("get c\n");
            assertThat(bed.count("commands", "client", "delayed")).isEqualTo(2);
        }
    }

    @Test
    void deniesWhatWouldWaitTooLong() {
        LimitBed bed = LimitBed.commands(
                limit("per", "listener", "rate", "10/s", "burst", 1, "action", "delay", "max_delay", "250ms"));
        try (FilterTester one = bed.connect();
                FilterTester two = bed.connect();
                FilterTester three = bed.connect();
                FilterTester four = bed.connect()) {
            one.client("get a\n");
            two.client("get b\n");
            three.client("get c\n");
            four.client("get d\n");
            assertThat(four.toClient()).isEqualTo("LIMITED rate limited\n");
            two.advance(Duration.ofMillis(101));
            three.advance(Duration.ofMillis(201));

            assertThat(one.toUpstream()).isEqualTo("get a\n");
            assertThat(two.toUpstream()).isEqualTo("get b\n");
            assertThat(three.toUpstream()).isEqualTo("get c\n");
            assertThat(four.toUpstream()).isEmpty();
        }
    }

    @Test
    void closesWhereItIsToldTo() {
        LimitBed bed = LimitBed.commands(limit("per", "client", "rate", "1/h", "action", "close"));
        try (FilterTester tester = bed.connect()) {
            tester.client("get a\n");
            tester.upstream("1\n");
            tester.client("get b\nget c\n");

            assertThat(tester.toClient()).isEqualTo("1\nLIMITED rate limited\n");
            assertThat(tester.closeReason()).isEqualTo(CloseReason.RATE_LIMITED);
            assertThat(bed.count("commands", "client", "closed")).isEqualTo(1);
        }
    }

    @Test
    void onlyCountsInShadowMode() {
        LimitBed bed = LimitBed.of(Map.of(
                "connections", List.of(limit("per", "client", "rate", "1/h", "shadow", true)),
                "protocol", "lines",
                "commands",
                        List.of(
                                limit("per", "client", "rate", "1/h", "shadow", true),
                                limit("per", "listener", "rate", "1/h", "action", "delay", "shadow", true))));
        bed.connect().close();
        try (FilterTester tester = bed.connect()) {
            tester.client("get a\nget b\nget c\n");

            assertThat(tester.toUpstream()).isEqualTo("get a\nget b\nget c\n");
            assertThat(bed.count("connections", "client", "shadow")).isEqualTo(1);
            assertThat(bed.count("commands", "client", "shadow")).isEqualTo(2);
            assertThat(bed.count("commands", "listener", "shadow")).isEqualTo(2);
            assertThat(bed.count("commands", "client", "denied")).isZero();
        }
    }

    @Test
    void tellsClientsTheConfiguredMessage() {
        LimitBed bed = LimitBed.of(Map.of(
                "protocol",
                "lines",
                "message",
                "slow down",
                "commands",
                List.of(limit("per", "client", "rate", "1/h"))));
        try (FilterTester tester = bed.connect()) {
            tester.client("get a\nget b\n");
            tester.upstream("1\n");

            assertThat(tester.toClient()).isEqualTo("1\nLIMITED slow down\n");
        }
    }

    @Test
    void aReloadKeepsTheBucketsOfLimitsThatItDoesNotTouch() {
        RateLimitFactory factory = new RateLimitFactory();
        Map<String, Object> same = limit("per", "client", "rate", "1/h");
        LimitBed.of(factory, Map.of("connections", List.of(same))).connect().close();

        LimitBed unchanged = LimitBed.of(factory, Map.of("connections", List.of(same), "message", "new"));
        LimitBed changed = LimitBed.of(factory, Map.of("connections", List.of(limit("per", "client", "rate", "2/h"))));
        unchanged.connect().close();
        changed.connect().close();

        assertThat(unchanged.count("connections", "client", "denied")).isEqualTo(1);
        assertThat(changed.count("connections", "client", "denied")).isZero();
        assertThat(factory.keptBuckets()).isEqualTo(2);
    }
}
