package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Made-up histories: the right ones pass, of the wrong ones each is found. */
final class ShardHistoryTest {
    private final ShardHistory history = new ShardHistory();

    /** Two writes that were acknowledged, and a third that failed. */
    private void threeWrites() {
        history.acknowledged("k", history.write("k"));
        history.acknowledged("k", history.write("k"));
        history.write("k");
    }

    private void read(String answer) {
        history.read("r", "k", history.oldest("k"), history.newest("k"), answer);
    }

    @Test
    void theLastAcknowledgedOrALaterValueIsRight() {
        threeWrites();
        read("k=2");
        read("k=3");
        read("k=3");

        assertThat(history.violations()).isEmpty();
    }

    @Test
    void whatWasNeverAcknowledgedMayBeAbsent() {
        history.write("k");

        history.read("r", "k", history.oldest("k"), history.newest("k"), null);

        assertThat(history.violations()).isEmpty();
    }

    @Test
    void aLostWriteIsFound() {
        threeWrites();
        read("k=1");

        assertThat(history.violations()).containsExactly("r read 1 of k after 2 was acknowledged or read");
    }

    @Test
    void anAbsentValueIsFound() {
        threeWrites();

        history.read("r", "k", history.oldest("k"), history.newest("k"), null);

        assertThat(history.violations()).containsExactly("r read 0 of k after 2 was acknowledged or read");
    }

    @Test
    void aValueThatGoesBackIsFound() {
        threeWrites();
        read("k=3");
        read("k=2");

        assertThat(history.violations()).containsExactly("r read 2 of k after 3 was acknowledged or read");
    }

    @Test
    void aValueThatNobodyWroteYetIsFound() {
        threeWrites();
        history.read("own", "k", 2, 2, "k=3");

        assertThat(history.violations()).containsExactly("own read 3 of k, but at most 2 was written");
    }

    @Test
    void theAnswerToAnotherCommandIsFound() {
        threeWrites();
        read("kk=2");
        read("k=");
        history.answered("r", "mark 1", "mark 2");
        history.answered("r", "OK", null);

        assertThat(history.violations())
                .containsExactly(
                        "r read kk=2 of k: not a value of this key",
                        "r read k= of k: not a value of this key",
                        "r was answered mark 2 instead of mark 1",
                        "r was answered null instead of OK");
    }

    @Test
    void uncertainIncrementsMayCountOrNot() {
        history.counted("w", "c", 1);
        history.uncertain("c");
        history.uncertain("c");
        history.counted("w", "c", 2);
        history.uncertain("c");
        history.counted("w", "c", 4);
        history.uncertain("c");
        history.countedAtLast("c", 4);
        history.countedAtLast("c", 5);

        assertThat(history.violations()).isEmpty();
    }

    @Test
    void anIncrementThatWasLostOrCarriedOutTwiceIsFound() {
        history.counted("w", "c", 1);
        history.counted("w", "c", 1);
        history.counted("w", "c", 3);
        history.countedAtLast("c", 2);
        history.countedAtLast("c", 4);

        assertThat(history.violations())
                .containsExactly(
                        "w counted c to 1 after 1",
                        "w counted c to 3 after 1 and 0 uncertain increments: one was carried out twice",
                        "c is 2 at last, after 3 and 0 uncertain increments",
                        "c is 4 at last, after 3 and 0 uncertain increments");
    }

    @Test
    void anErrorOfAnotherShardIsFound() {
        history.failed("w", "h:1", "ERR shard h:1 of cluster c: connection refused");
        history.failed("w", "h:1", "LOADING Redis is loading the dataset in memory");
        history.failed("w", "h:1", "ERR shard h:2 of cluster c: connection refused");

        assertThat(history.violations())
                .containsExactly("w failed for a key on h:1 with: ERR shard h:2 of cluster c: connection refused");
    }
}
