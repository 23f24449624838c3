package dev.weir.core.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.core.testkit.FakeEnvironment;
import org.junit.jupiter.api.Test;

class ConnectionBucketsTest {
    private final FakeEnvironment environment = new FakeEnvironment();

    private LocalLimit limit(Scope scope, int places) {
        BucketShape shape = new BucketShape(Rate.parse("1/h"), 1);
        return new LocalLimit(
                new LocalLimit.Rule(scope, Action.DENY, 0, false, false),
                Cover.ALL,
                new Buckets(scope, shape, places, 0),
                new LimitMetrics(environment, true, scope),
                new Decision.Deny(null, "no"));
    }

    private static boolean takes(ConnectionBuckets buckets) {
        return buckets.of(0).take(0, 0) == 0;
    }

    @Test
    void clientsHaveBucketsOfTheirOwn() {
        LocalLimit[] limits = {limit(Scope.CLIENT, 10)};

        assertThat(takes(new ConnectionBuckets(limits, "a", 0))).isTrue();
        assertThat(takes(new ConnectionBuckets(limits, "b", 0))).isTrue();
        assertThat(takes(new ConnectionBuckets(limits, "a", 0))).isFalse();
    }

    @Test
    void thoseWithoutAUserShareABucketUntilTheyHaveOne() {
        LocalLimit[] limits = {limit(Scope.USER, 10)};
        ConnectionBuckets one = new ConnectionBuckets(limits, "a", 0);
        ConnectionBuckets other = new ConnectionBuckets(limits, "b", 0);
        assertThat(takes(one)).isTrue();
        assertThat(takes(other)).isFalse();

        one.user("ann", 0);
        other.user("bob", 0);
        assertThat(takes(one)).isTrue();
        assertThat(takes(other)).isTrue();
        other.user("ann", 0);

        assertThat(takes(other)).isFalse();
    }

    @Test
    void givesBucketsBackWhenTheUserChangesAndAtTheEnd() {
        LocalLimit[] limits = {limit(Scope.USER, 2)};
        ConnectionBuckets buckets = new ConnectionBuckets(limits, "a", 0);
        for (int i = 0; i < 100; i++) {
            buckets.user("user" + i, 0);
        }
        buckets.release();

        assertThat(environment.count("weir_rate_limit_overflow")).isZero();
    }

    @Test
    void countsThoseForWhomThereIsNoPlace() {
        LocalLimit[] limits = {limit(Scope.CLIENT, 2)};
        for (String client : new String[] {"a", "b", "c", "d", "a"}) {
            new ConnectionBuckets(limits, client, 0);
        }

        assertThat(environment.count("weir_rate_limit_overflow")).isEqualTo(2);
    }
}
