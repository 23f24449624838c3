package dev.weir.mongo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.cluster.HealthCheck.Health;
import dev.weir.core.testkit.CheckedCluster;
import dev.weir.core.testkit.ProbeTester;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Checks of real servers. */
final class MongoHealthCheckIT {
    private static final Duration LONG = Duration.ofSeconds(60);

    static List<MongoInstallation> servers() {
        return MongoInstallation.available();
    }

    private static Health check(int port, boolean writablePrimary) throws Exception {
        return ProbeTester.check(MongoHealthCheckTest.probe(writablePrimary), port, LONG);
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("servers")
    void aPrimaryAndAStandaloneAreHealthy(MongoInstallation installation) throws Exception {
        try (SecantusServer primary = SecantusServer.start(installation);
                SecantusServer standalone = SecantusServer.start(installation, "--standalone")) {
            for (int port : new int[] {primary.port(), standalone.port()}) {
                assertThat(check(port, false)).isEqualTo(Health.OK);
                assertThat(check(port, true)).isEqualTo(Health.OK);
            }
        }
    }

    @Test
    void theOneInJavaIsHealthy() throws Exception {
        try (JavaServer server = new JavaServer()) {
            assertThat(check(server.port(), false)).isEqualTo(Health.OK);
            assertThat(check(server.port(), true)).isEqualTo(Health.OK);
        }
    }

    @Test
    void followsAServerThatStopsAndStarts() throws Exception {
        JavaServer first = new JavaServer();
        try (CheckedCluster cluster = new CheckedCluster(first.port(), Map.of("type", "mongodb", "primary", true))) {
            assertThat(cluster.passes()).isTrue();

            first.close();
            assertThat(cluster.failure("connect")).contains("cannot connect");

            try (JavaServer second = new JavaServer(first.port())) {
                assertThat(second.port()).isEqualTo(first.port());
                assertThat(cluster.passes()).isTrue();
            }
        } finally {
            first.close();
        }
    }

    @Test
    void saysThatNobodyListens() throws Exception {
        int port;
        try (ServerSocket gone = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = gone.getLocalPort();
        }

        Health health = check(port, false);

        assertThat(health.healthy()).isFalse();
        assertThat(health.reason()).startsWith("cannot connect: ").contains("refused");
    }
}
