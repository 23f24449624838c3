package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.cluster.Endpoint;
import io.netty.channel.ConnectTimeoutException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import org.junit.jupiter.api.Test;

/** What clients are told of a connection that could not be made. */
final class ConnectFailureTest {
    @Test
    void speaksInTheWordsOfTheSystem() {
        assertThat(ConnectFailure.text(new ConnectException("Connection refused: /127.0.0.1:1")))
                .isEqualTo("connection refused");
        assertThat(ConnectFailure.text(new IOException("connect(..) failed with error(-111): Connection refused")))
                .isEqualTo("Connection refused");
        assertThat(ConnectFailure.text(new FileNotFoundException())).isEqualTo("no such file or directory");
        assertThat(ConnectFailure.text(new NoRouteToHostException())).isEqualTo("no route to host");
    }

    @Test
    void lateIsAnotherOutcomeThanRefused() {
        assertThat(ConnectFailure.outcome(new ConnectTimeoutException())).isEqualTo(Endpoint.Outcome.TIMEOUT);
        assertThat(ConnectFailure.outcome(new ConnectException())).isEqualTo(Endpoint.Outcome.CONNECT_FAILED);
    }
}
