package dev.weir.mongo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.cluster.Endpoint;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MongoOutcomeTest {
    @ParameterizedTest
    @CsvSource({
                "91, FAILURE",
                "11600, FAILURE",
                "13436, FAILURE",
                "189, WRONG_ROLE",
                "10058, WRONG_ROLE",
                "10107, WRONG_ROLE",
                "11602, WRONG_ROLE",
                "13435, WRONG_ROLE",
                "11000, SUCCESS",
                "13, SUCCESS",
                "462, SUCCESS",
                "59, SUCCESS",
                "unknown, SUCCESS"
    })
    void judgesAServerByItsErrors(String error, Endpoint.Outcome outcome) {
        assertThat(new MongoProtocol().outcome(error)).isEqualTo(outcome);
    }
}
