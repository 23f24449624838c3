package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.http.JettyClient.Answer;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.eclipse.jetty.client.AsyncRequestContent;
import org.eclipse.jetty.client.BufferingResponseListener;
import org.eclipse.jetty.client.BytesRequestContent;
import org.eclipse.jetty.client.Request;
import org.eclipse.jetty.client.Result;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Jetty's client to Jetty, both by HTTP/1.1 and HTTP/2: through Weir the answer is the same as without. */
abstract class JettyMatrix {
    /** A server, a Weir before it for each protocol of upstreams, and a client for each protocol. */
    static final class Peers implements AutoCloseable {
        final JettyServer server;
        final HttpBed http1;
        final HttpBed http2;
        final JettyClient client1;
        final JettyClient client2;

        Peers(
                JettyServer server,
                Map<String, ?> listener,
                Map<String, ?> cluster,
                Map<String, ?> cluster2,
                SslContextFactory.Client tls)
                throws Exception {
            this.server = server;
            List<Map<String, ?>> clusters = List.of(HttpBed.cluster("app", cluster, server.address()));
            http1 = new HttpBed(Map.of("observe", true, "upstream_protocol", "http1"), clusters, listener);
            http2 = new HttpBed(
                    Map.of("observe", true, "upstream_protocol", tls == null ? "http2" : "auto"),
                    tls == null ? clusters : List.of(HttpBed.cluster("app", cluster2, server.address())),
                    listener);
            client1 = new JettyClient(false, tls);
            client2 = new JettyClient(true, tls == null ? null : copy(tls));
        }

        private static SslContextFactory.Client copy(SslContextFactory.Client tls) {
            SslContextFactory.Client other = new SslContextFactory.Client();
            other.setTrustStore(tls.getTrustStore());
            return other;
        }

        HttpBed bed(int upstream) {
            return upstream == 1 ? http1 : http2;
        }

        JettyClient client(int version) {
            return version == 1 ? client1 : client2;
        }

        @Override
        public void close() {
            client1.close();
            client2.close();
            http1.close();
            http2.close();
            server.close();
        }
    }

    abstract Peers peers();

    /** Bytes of a large body. */
    abstract int large();

    /** Sends it to Weir and to the server, and answers what came of it. */
    private Answer same(int client, int upstream, String target, UnaryOperator<Request> more) throws Exception {
        Answer direct = peers().client(client).send(peers().server.port(), target, more);
        HttpBed bed = peers().bed(upstream);
        int before = bed.exchanges.size();
        Answer through = peers().client(client).send(bed.port(), target, more);
        assertThat(through).isEqualTo(direct);
        assertThat(Http2Bed.eventually(() -> bed.exchanges.size() > before)).isTrue();
        assertThat(bed.exchanges.get(before)).satisfies(told -> {
            assertThat(told.byWeir).isFalse();
            assertThat(told.responseBytes).isEqualTo(through.length());
            for (int i = 0; i < told.attributes(); i++) {
                if (told.attributeName(i).equals("http_version")) {
                    assertThat(told.attributeValue(i)).isEqualTo(client == 1 ? "1.1" : "2");
                } else if (told.attributeName(i).equals("upstream_http_version")) {
                    assertThat(told.attributeValue(i)).isEqualTo(upstream == 1 ? "1.1" : "2");
                }
            }
        });
        return through;
    }

    private static UnaryOperator<Request> post(byte[] body) {
        return request -> request.method("POST").body(new BytesRequestContent("application/octet-stream", body));
    }

    /** Without a length, in pieces. */
    private static UnaryOperator<Request> stream(byte[] body, int piece, int pauseMillis) {
        return request -> {
            AsyncRequestContent content = new AsyncRequestContent("application/octet-stream");
            Thread writer = new Thread(() -> {
                for (int at = 0; at < body.length; at += piece) {
                    content.write(
                            ByteBuffer.wrap(body, at, Math.min(piece, body.length - at)),
                            org.eclipse.jetty.util.Callback.NOOP);
                    try {
                        content.flush();
                        TimeUnit.MILLISECONDS.sleep(pauseMillis);
                    } catch (java.io.IOException | InterruptedException e) {
                        return; // nobody wants the rest
                    }
                }
                content.close();
            });
            writer.setDaemon(true);
            writer.start();
            return request.method("POST").body(content);
        };
    }

    @ParameterizedTest
    @CsvSource({"1,1", "1,2", "2,1", "2,2"})
    void smallOnes(int client, int upstream) throws Exception {
        UnaryOperator<Request> headers = request -> request.headers(
                all -> all.add("X-One", "1").add("X-Two", "a").add("X-Two", "b").add("Cookie", "a=b; c=d"));
        Answer get = same(client, upstream, "/mirror?a=%20b&c=d%2Fe&&x", headers);
        assertThat(get.text()).startsWith("GET /mirror?a=%20b&c=d%2Fe&&x\n").contains("x-two: a | b\n", "body 0 0\n");
        assertThat(get.headers().get("set-cookie")).containsExactly("a=1; Path=/", "b=2");
        assertThat(same(client, upstream, "/a/../b/./c//d%2f%41", headers).status())
                .isEqualTo(200);
        same(client, upstream, "/mirror", request -> request.method("HEAD"));
        same(client, upstream, "/bytes?n=1000&chunked=1", request -> request.method("HEAD"));
        same(client, upstream, "/mirror", request -> request.method("OPTIONS"));
        same(client, upstream, "/mirror", request -> request.method("DELETE"));
        same(client, upstream, "/mirror", request -> request.method("PURGE"));
        for (int status : new int[] {204, 304, 404, 500, 503, 599}) {
            assertThat(same(client, upstream, "/mirror?status=" + status, headers)
                            .status())
                    .isEqualTo(status);
        }
    }

    @ParameterizedTest
    @CsvSource({"1,1", "1,2", "2,1", "2,2"})
    void bodiesOfRequests(int client, int upstream) throws Exception {
        for (int size : new int[] {0, 1, 64 << 10, large()}) {
            byte[] body = MirrorHandler.random(size, 5);
            String sum = "body " + size + " " + JettyClient.sum(body) + "\n";
            assertThat(same(client, upstream, "/mirror", post(body)).text()).contains(sum);
            if (size > 0) {
                assertThat(same(client, upstream, "/mirror", stream(body, 300_000, 0))
                                .text())
                        .contains(sum);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1,1", "1,2", "2,1", "2,2"})
    void bodiesOfAnswers(int client, int upstream) throws Exception {
        for (int size : new int[] {0, 1, 64 << 10, large()}) {
            for (String kind : new String[] {"", "&chunked=1", "&trailers=1"}) {
                if (size == 0 && kind.contains("trailers")) {
                    continue; // Jetty sends a length then, which leaves trailers no place in HTTP/1.1
                }
                Answer answer = same(client, upstream, "/bytes?n=" + size + kind, request -> request);
                assertThat(answer.sum()).isEqualTo(JettyClient.sum(MirrorHandler.random(size, 1)));
                if (kind.contains("trailers")) {
                    assertThat(answer.trailers()).contains("x-sum", "x-last=[yes]");
                }
            }
        }
        assertThat(same(
                                client,
                                upstream,
                                "/gzip",
                                request -> request.headers(all -> all.put("Accept-Encoding", "gzip")))
                        .headers())
                .containsEntry("content-encoding", List.of("gzip"));
    }

    @ParameterizedTest
    @CsvSource({"1,1", "1,2", "2,1", "2,2"})
    void bothWaysAtOnce(int client, int upstream) throws Exception {
        byte[] body = MirrorHandler.random(large(), 6);
        assertThat(same(client, upstream, "/echo", post(body)).sum()).isEqualTo(JettyClient.sum(body));
        assertThat(same(client, upstream, "/echo", stream(body, 1 << 20, 0)).sum())
                .isEqualTo(JettyClient.sum(body));
    }

    @ParameterizedTest
    @CsvSource({"1,1", "1,2", "2,1", "2,2"})
    void trailersOfRequests(int client, int upstream) throws Exception {
        byte[] body = MirrorHandler.random(1_000, 7);
        Answer answer = same(
                client,
                upstream,
                "/mirror",
                request -> stream(body, 300, 0)
                        .apply(request)
                        .trailersSupplier(
                                () -> HttpFields.build().add("X-Sum", "17").add("X-Sum", "18")));
        assertThat(answer.text()).endsWith("trailers\nx-sum: 17 | 18\n");
    }

    @ParameterizedTest
    @CsvSource({"1,1", "1,2", "2,1", "2,2"})
    void continuesAreAskedFor(int client, int upstream) throws Exception {
        byte[] body = MirrorHandler.random(200_000, 8);
        UnaryOperator<Request> asking =
                request -> post(body).apply(request).headers(all -> all.put("Expect", "100-continue"));
        assertThat(same(client, upstream, "/mirror", asking).text()).contains("body 200000 ");
        // Jetty's client does not always hand on the body of such an answer.
        assertThat(peers().client(client)
                        .send(peers().bed(upstream).port(), "/early", asking)
                        .status())
                .isEqualTo(413);
        assertThat(same(client, upstream, "/mirror", post(body)).status()).isEqualTo(200);
    }

    /** The answer comes before the end of the request, which nobody wants. */
    @ParameterizedTest
    @CsvSource({"1,1", "1,2", "2,1", "2,2"})
    void answersMayComeEarly(int client, int upstream) throws Exception {
        byte[] body = MirrorHandler.random(800_000, 9);
        for (int i = 0; i < 20; i++) {
            Answer answer =
                    peers().client(client).send(peers().bed(upstream).port(), "/early", stream(body, 40_000, 1));
            assertThat(answer.status()).isEqualTo(413);
        }
        assertThat(same(client, upstream, "/mirror", post(body)).status()).isEqualTo(200);
    }

    @ParameterizedTest
    @CsvSource({"1,1", "1,2", "2,1", "2,2"})
    void slowPeers(int client, int upstream) throws Exception {
        same(client, upstream, "/drip", request -> request);
        same(client, upstream, "/mirror", stream(MirrorHandler.random(25_000, 10), 2_500, 20));
        Answer slow = peers().client(client)
                .send(peers().bed(upstream).port(), "/bytes?n=1000000&chunked=1", request -> request, 3);
        assertThat(slow.sum()).isEqualTo(JettyClient.sum(MirrorHandler.random(1_000_000, 1)));
    }

    @ParameterizedTest
    @CsvSource({"1,1", "1,2", "2,1", "2,2"})
    void manyAtOnce(int client, int upstream) throws Exception {
        Random random = new Random(11);
        List<CompletableFuture<byte[]>> answers = new ArrayList<>();
        List<byte[]> bodies = new ArrayList<>();
        for (int i = 0; i < 600; i++) {
            byte[] body =
                    MirrorHandler.random(random.nextInt(20) == 0 ? random.nextInt(200_000) : random.nextInt(2_000), i);
            bodies.add(body);
            CompletableFuture<byte[]> answer = new CompletableFuture<>();
            answers.add(answer);
            UnaryOperator<Request> sending = i % 3 == 0 ? stream(body, 20_000, 0) : post(body);
            sending.apply(peers().client(client).request(peers().bed(upstream).port(), "/echo"))
                    .send(new BufferingResponseListener() {
                        @Override
                        public void onComplete(Result result) {
                            if (result.isFailed() || result.getResponse().getStatus() != 200) {
                                answer.completeExceptionally(
                                        new AssertionError(result.toString(), result.getFailure()));
                            } else {
                                byte[] all = getContent();
                                answer.complete(all == null ? new byte[0] : all);
                            }
                        }
                    });
        }
        for (int i = 0; i < answers.size(); i++) {
            assertThat(answers.get(i).get(30, TimeUnit.SECONDS)).isEqualTo(bodies.get(i));
        }
    }
}
