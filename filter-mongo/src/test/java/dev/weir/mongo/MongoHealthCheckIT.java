package dev.weir.mongo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.mongo.MongoHealthCheck.Health;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.bson.BsonDocument;
import org.bson.BsonInt32;
import org.bson.BsonString;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Checks of real servers. */
final class MongoHealthCheckIT {
    private static final MultiThreadIoEventLoopGroup LOOPS =
            new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private static final Duration LONG = Duration.ofSeconds(60);

    static List<MongoInstallation> servers() {
        return MongoInstallation.available();
    }

    @AfterAll
    static void stop() {
        LOOPS.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private static Health check(int port, boolean writablePrimary) throws Exception {
        return new MongoHealthCheck(NioSocketChannel::new, LONG, writablePrimary)
                .check(LOOPS.next(), new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
                .get(90, TimeUnit.SECONDS);
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("servers")
    void aPrimaryAndAStandaloneAreHealthy(MongoInstallation installation) throws Exception {
        try (SecantusServer primary = SecantusServer.start(installation);
                SecantusServer standalone = SecantusServer.start(installation, "--standalone")) {
            for (int port : new int[] {primary.port(), standalone.port()}) {
                assertThat(check(port, false)).isEqualTo(new Health(true, "8.2", ""));
                assertThat(check(port, true)).isEqualTo(new Health(true, "8.2", ""));
            }
        }
    }

    @Test
    void theOneInJavaIsHealthy() throws Exception {
        BsonDocument isMaster = new BsonDocument("isMaster", new BsonInt32(1)).append("$db", new BsonString("admin"));
        try (JavaServer server = new JavaServer();
                WireClient client = new WireClient(server.port())) {
            int wireVersion = client.ask(isMaster).getNumber("maxWireVersion").intValue();
            Health healthy = new Health(true, ServerVersions.of(wireVersion), "");

            assertThat(check(server.port(), false)).isEqualTo(healthy);
            assertThat(check(server.port(), true)).isEqualTo(healthy);
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
