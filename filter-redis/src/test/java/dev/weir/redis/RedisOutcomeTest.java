package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.cluster.Endpoint;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RedisOutcomeTest {
    @ParameterizedTest
    @CsvSource({
                "LOADING, FAILURE",
                "MASTERDOWN, FAILURE",
                "READONLY, WRONG_ROLE",
                "CLUSTERDOWN, WRONG_ROLE",
                "NOREPLICAS, WRONG_ROLE",
                "ERR, SUCCESS",
                "WRONGTYPE, SUCCESS",
                "BUSY, SUCCESS",
                "OOM, SUCCESS",
                "MISCONF, SUCCESS",
                "MOVED, SUCCESS",
                "NOAUTH, SUCCESS",
                "_OTHER, SUCCESS"
    })
    void judgesAServerByItsErrors(String error, Endpoint.Outcome outcome) {
        assertThat(new RedisProtocol().outcome(error)).isEqualTo(outcome);
    }
}
