package dev.weir.core.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class KeptTest {
    private static Buckets fresh() {
        return new Buckets(Scope.LISTENER, new BucketShape(Rate.parse("1/s"), 1), 1, 0);
    }

    @Test
    void staysAsLongAsAConfigurationUsesIt() {
        Kept kept = new Kept();
        Buckets first = kept.acquire("a", KeptTest::fresh);
        assertThat(kept.acquire("a", KeptTest::fresh)).isSameAs(first);

        kept.release("a");
        assertThat(kept.size()).isEqualTo(1);
        kept.release("a");

        assertThat(kept.size()).isZero();
        assertThat(kept.acquire("a", KeptTest::fresh)).isNotSameAs(first);
    }
}
