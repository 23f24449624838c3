package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.eclipse.jetty.client.BytesRequestContent;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The matrix of {@link JettyMatrix} without TLS: HTTP/2 by prior knowledge. */
class JettyIT extends JettyMatrix {
    private static Peers peers;

    @BeforeAll
    static void start() throws Exception {
        peers = new Peers(new JettyServer(new MirrorHandler()), Map.of(), Map.of(), Map.of(), null);
    }

    @AfterAll
    static void stop() throws Exception {
        peers.close();
    }

    /** The connection breaks while the request is written: that is the upstream's doing. */
    @ParameterizedTest
    @ValueSource(strings = {"http1", "http2"})
    void anUploadMayBeCut(String upstream) throws Exception {
        try (ScriptedServer server = new ScriptedServer((peer, number) -> {
                    if (upstream.equals("http2")) {
                        peer.say("\0\0\0\4\0\0\0\0\0");
                    }
                    peer.bytes(20_000);
                    peer.socket.setSoLinger(true, 0);
                });
                HttpBed bed = new HttpBed(Map.of("upstream_protocol", upstream), server.address())) {
            for (int i = 0; i < 10; i++) {
                JettyClient.Answer answer = peers.client2.send(
                        bed.port(),
                        "/",
                        request -> request.method("POST")
                                .body(new BytesRequestContent("application/octet-stream", new byte[300_000])));
                assertThat(answer.status()).isEqualTo(502);
            }
            assertThat(bed.exchanges).allSatisfy(told -> assertThat(told.error).isEqualTo("upstream_reset"));
        }
    }

    @Override
    int large() {
        return 20 << 20;
    }

    @Override
    Peers peers() {
        return peers;
    }
}
