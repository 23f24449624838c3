package dev.weir.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.pkitesting.X509Bundle;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server of grpc-java with a certificate, asked as the {@code tls} section of its cluster says. */
class GrpcTlsTest {
    private static final byte[] OK = {8, 1};

    @TempDir
    Path folder;

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final AtomicInteger asked = new AtomicInteger();
    private Server server;
    private Proxy proxy;

    @BeforeEach
    void serve() throws Exception {
        ServiceCertificates certificates = new ServiceCertificates(folder);
        X509Bundle root = certificates.authority("root");
        certificates.authority("other");
        certificates.issue(root, "own", "ratelimit.example");
        server = builder()
                .useTransportSecurity(certificates.file("own.pem"), certificates.file("own.key"))
                .build()
                .start();
    }

    private NettyServerBuilder builder() {
        MethodDescriptor<byte[], byte[]> method = MethodDescriptor.<byte[], byte[]>newBuilder()
                .setType(MethodDescriptor.MethodType.UNARY)
                .setFullMethodName("envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit")
                .setRequestMarshaller(new Bytes())
                .setResponseMarshaller(new Bytes())
                .build();
        return NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .addService(ServerServiceDefinition.builder("envoy.service.ratelimit.v3.RateLimitService")
                        .addMethod(method, this::answer)
                        .build());
    }

    private ServerCall.Listener<byte[]> answer(ServerCall<byte[], byte[]> call, Metadata headers) {
        call.request(1);
        return new ServerCall.Listener<>() {
            @Override
            public void onHalfClose() {
                asked.incrementAndGet();
                call.sendHeaders(new Metadata());
                call.sendMessage(OK);
                call.close(Status.OK, new Metadata());
            }
        };
    }

    private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @AfterEach
    void stop() throws Exception {
        if (proxy != null) {
            proxy.close();
        }
        server.shutdownNow().awaitTermination();
    }

    /** Whether a connection may come in, where that takes the service's word. */
    private boolean admitted(Map<String, ?> tls) throws IOException {
        Map<String, Object> service =
                new HashMap<>(Map.of("name", "ratelimit", "endpoints", List.of("127.0.0.1:" + server.getPort())));
        if (!tls.isEmpty()) {
            service.put("tls", tls);
        }
        Map<String, ?> filter = Map.of(
                "type",
                "rate_limit",
                "connections",
                List.of(Map.of("descriptors", List.of(List.of("remote_address")))),
                "global",
                Map.of("service", "ratelimit", "domain", "weir", "timeout", "10s", "failure_mode", "deny"));
        proxy = Proxy.builder()
                .meters(meters)
                .start(ProxyConfig.of(Map.of(
                        "event_loops",
                        1,
                        "listeners",
                        List.of(Map.of(
                                "name",
                                "in",
                                "address",
                                "127.0.0.1:0",
                                "filters",
                                List.of(filter, Map.of("type", "echo")))),
                        "clusters",
                        List.of(service))));
        try (Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), proxy.address("in").port())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write('x');
            return socket.getInputStream().read() == 'x';
        } catch (IOException reset) {
            return false;
        }
    }

    private double answers(String result) {
        Counter counter = meters.find("weir_rate_limit_service_answers")
                .tags("result", result)
                .counter();
        return counter == null ? 0 : counter.count();
    }

    private String file(String name) {
        return folder.resolve(name).toString();
    }

    @ParameterizedTest
    @ValueSource(strings = {"openssl", "jdk"})
    void asksAServiceItTrusts(String provider) throws Exception {
        boolean admitted = admitted(Map.of(
                "ca",
                file("root.pem"),
                "server_name",
                "ratelimit.example",
                "alpn",
                List.of("h2"),
                "provider",
                provider));

        assertThat(admitted).isTrue();
        assertThat(asked).hasValue(1);
        assertThat(answers("ok")).isEqualTo(1);
        assertThat(meters.find("weir.tls.handshakes").counters().stream()
                        .mapToDouble(Counter::count)
                        .sum())
                .isEqualTo(1);
    }

    @Test
    void asksNobodyOfAnotherAuthority() throws Exception {
        boolean admitted =
                admitted(Map.of("ca", file("other.pem"), "server_name", "ratelimit.example", "alpn", List.of("h2")));

        assertThat(admitted).isFalse();
        assertThat(asked).hasValue(0);
        assertThat(answers("unavailable")).isEqualTo(1);
    }

    @Test
    void asksNobodyOfAnotherName() throws Exception {
        boolean admitted =
                admitted(Map.of("ca", file("root.pem"), "server_name", "else.example", "alpn", List.of("h2")));

        assertThat(admitted).isFalse();
        assertThat(asked).hasValue(0);
        assertThat(answers("unavailable")).isEqualTo(1);
    }

    @Test
    void asksNobodyInTheClearWhoWantsTls() throws Exception {
        boolean admitted = admitted(Map.of());

        assertThat(admitted).isFalse();
        assertThat(asked).hasValue(0);
    }

    @Test
    void givesUpOnAServerWithoutTls() throws Exception {
        server.shutdownNow().awaitTermination();
        server = builder().build().start();

        boolean admitted =
                admitted(Map.of("ca", file("root.pem"), "server_name", "ratelimit.example", "alpn", List.of("h2")));

        assertThat(admitted).isFalse();
        assertThat(asked).hasValue(0);
        assertThat(answers("unavailable")).isEqualTo(1);
    }
}
