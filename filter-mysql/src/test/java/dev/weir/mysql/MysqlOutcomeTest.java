package dev.weir.mysql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.cluster.Endpoint;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MysqlOutcomeTest {
    @ParameterizedTest
    @CsvSource({
                "1040, FAILURE",
                "1053, FAILURE",
                "1129, FAILURE",
                "1130, FAILURE",
                "1135, FAILURE",
                "3032, FAILURE",
                "1290, WRONG_ROLE",
                "1836, WRONG_ROLE",
                "1064, SUCCESS",
                "1045, SUCCESS",
                "1203, SUCCESS",
                "1226, SUCCESS",
                "1792, SUCCESS",
                "1317, SUCCESS",
                "1927, SUCCESS",
                "1047, SUCCESS",
                "_OTHER, SUCCESS"
    })
    void judgesAServerByItsErrors(String error, Endpoint.Outcome outcome) {
        assertThat(new MysqlProtocol().outcome(error)).isEqualTo(outcome);
    }
}
