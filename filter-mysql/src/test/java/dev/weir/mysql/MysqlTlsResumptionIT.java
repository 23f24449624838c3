package dev.weir.mysql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.mysql.MysqlTlsIT.Through;
import io.micrometer.core.instrument.Meter;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.DataInputStream;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A client that comes back with the session of a certificate that has been revoked meanwhile: real servers, the JDK's client. */
final class MysqlTlsResumptionIT {
    private static final TlsServers SERVERS = new TlsServers();

    @AfterAll
    static void stop() throws Exception {
        SERVERS.close();
    }

    static List<Arguments> versions() {
        List<Arguments> all = new ArrayList<>();
        for (MysqlInstallation server : MysqlInstallation.available()) {
            for (String version : List.of("TLSv1.2", "TLSv1.3")) {
                all.add(Arguments.of(server, version));
            }
        }
        return all;
    }

    /** Whether the server answers what the client sends under TLS. */
    private static boolean served(SSLContext context, String version, int port) throws IOException {
        try (Socket plain = new Socket(InetAddress.getLoopbackAddress(), port)) {
            plain.setSoTimeout(20_000);
            assertThat(packet(new DataInputStream(plain.getInputStream()))[0]).isEqualTo((byte) 10);
            long can = Talk.CAN | Capability.SSL;
            plain.getOutputStream().write(TlsTalk.raw(TlsTalk.packet(1, TlsTalk.request(can))));
            try (SSLSocket tls = (SSLSocket) context.getSocketFactory().createSocket(plain, "localhost", port, true)) {
                tls.setEnabledProtocols(new String[] {version});
                OutputStream out = tls.getOutputStream();
                out.write(TlsTalk.raw(TlsTalk.packet(2, TlsTalk.response(can, Scramble.NATIVE, "x".repeat(20)))));
                return packet(new DataInputStream(tls.getInputStream())).length > 0;
            } catch (IOException refused) {
                return false;
            }
        }
    }

    private static byte[] packet(DataInputStream in) throws IOException {
        int length = in.readUnsignedByte() | in.readUnsignedByte() << 8 | in.readUnsignedByte() << 16;
        in.readUnsignedByte();
        byte[] payload = new byte[length];
        in.readFully(payload);
        return payload;
    }

    private static void eventually(BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("in time").isLessThan(end);
            LockSupport.parkNanos(2_000_000);
        }
    }

    private static double count(Through through, String name, String... tags) {
        double sum = 0;
        for (Meter meter : through.meters().find(name).tags(tags).meters()) {
            sum += meter.measure().iterator().next().getValue();
        }
        return sum;
    }

    @ParameterizedTest(allowZeroInvocations = true, name = "{0}, {1}")
    @MethodSource("versions")
    void whoWasRevokedLogsInByNoOldSession(MysqlInstallation installation, String version) throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/openssl")), "SKIPPED-NEEDS: openssl");
        TlsCertificates certificates = SERVERS.certificates();
        certificates.revoke();
        Map<String, Object> section = new HashMap<>(certificates.clients());
        section.put("client_ca", certificates.file("ca.pem"));
        section.put("client_crl", certificates.file("crl.pem"));
        section.put("reload_interval", "20ms");
        SSLContext context = ((JdkSslContext) SslContextBuilder.forClient()
                        .trustManager(new File(certificates.file("ca.pem")))
                        .keyManager(
                                new File(certificates.file("client.pem")), new File(certificates.file("client.key")))
                        .sslProvider(SslProvider.JDK)
                        .build())
                .context();
        try (Through through = Through.of(SERVERS.of(installation).port(), Map.of("client_tls", section))) {
            assertThat(served(context, version, through.port())).isTrue();
            assertThat(served(context, version, through.port())).isTrue();
            assertThat(count(through, "weir.tls.handshakes", "kind", "resumed")).isEqualTo(1);
            assertThat(count(through, "weir_mysql_tls_logins")).isEqualTo(2);

            certificates.revoke("client");
            eventually(() -> count(through, "weir.tls.reloads", "result", "success") >= 1);

            assertThat(served(context, version, through.port())).isFalse();
            eventually(() -> count(through, "weir.tls.handshake.failures", "reason", "revoked") >= 1);
            eventually(() -> count(through, "weir.connections.closed", "reason", "tls_failed") >= 1);
            assertThat(count(through, "weir_mysql_tls_logins"))
                    .as("the server heard nothing")
                    .isEqualTo(2);
        }
    }
}
