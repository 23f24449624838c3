package dev.weir.http;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.zip.CRC32;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.InputStreamResponseListener;
import org.eclipse.jetty.client.Request;
import org.eclipse.jetty.client.Response;
import org.eclipse.jetty.client.transport.HttpClientTransportOverHTTP;
import org.eclipse.jetty.http.HttpCookieStore;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http2.client.HTTP2Client;
import org.eclipse.jetty.http2.client.transport.HttpClientTransportOverHTTP2;
import org.eclipse.jetty.io.ClientConnector;
import org.eclipse.jetty.util.ssl.SslContextFactory;

/** Jetty's client, by one version of HTTP; it changes nothing of what it gets. */
final class JettyClient implements AutoCloseable {
    /** What may differ, as it is of one connection. */
    static final Set<String> OF_HOP = Set.of("connection", "keep-alive", "transfer-encoding", "te", "upgrade");

    private static final int PATIENCE_SECONDS = 30;

    final HttpClient http;
    private final String scheme;

    JettyClient(boolean http2) throws Exception {
        this(http2, null);
    }

    /** @param tls null for none */
    JettyClient(boolean http2, SslContextFactory.Client tls) throws Exception {
        ClientConnector connector = new ClientConnector();
        connector.setSelectors(1);
        scheme = tls == null ? "http" : "https";
        if (tls != null) {
            connector.setSslContextFactory(tls);
        }
        http = http2
                ? new HttpClient(new HttpClientTransportOverHTTP2(new HTTP2Client(connector)))
                : new HttpClient(new HttpClientTransportOverHTTP(connector));
        http.setFollowRedirects(false);
        http.setUserAgentField(null);
        http.setHttpCookieStore(new HttpCookieStore.Empty());
        http.setMaxConnectionsPerDestination(http2 ? 1 : 32);
        http.setMaxRequestsQueuedPerDestination(5_000);
        http.start();
        http.getContentDecoderFactories().clear();
    }

    /** What came of a request, as far as it is the same on each way. */
    record Answer(int status, Map<String, List<String>> headers, long length, long sum, String text, String trailers) {}

    static long sum(byte[] body) {
        CRC32 sum = new CRC32();
        sum.update(body);
        return sum.getValue();
    }

    Request request(int port, String target) {
        return http.newRequest(scheme + "://127.0.0.1:" + port + target);
    }

    Answer send(int port, String target, UnaryOperator<Request> more) throws Exception {
        return send(port, target, more, 0);
    }

    /** @param pauseMillis before each piece that is read */
    Answer send(int port, String target, UnaryOperator<Request> more, int pauseMillis) throws Exception {
        try (InputStreamResponseListener listener = new InputStreamResponseListener()) {
            more.apply(request(port, target)).send(listener);
            Response response = listener.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            ByteArrayOutputStream body = new ByteArrayOutputStream();
            try (InputStream in = listener.getInputStream()) {
                byte[] piece = new byte[pauseMillis > 0 ? 60_000 : 16_384];
                for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
                    body.write(piece, 0, n);
                    if (pauseMillis > 0) {
                        TimeUnit.MILLISECONDS.sleep(pauseMillis);
                    }
                }
            }
            byte[] all = body.toByteArray();
            HttpFields trailers = response.getTrailers();
            return new Answer(
                    response.getStatus(),
                    headers(response.getHeaders(), response.getStatus() == 204),
                    all.length,
                    sum(all),
                    all.length > 2_000 ? "" : body.toString(java.nio.charset.StandardCharsets.UTF_8),
                    trailers == null ? "" : headers(trailers, false).toString());
        }
    }

    /** @param none whether there cannot be a body: Jetty sends its length in HTTP/2 only */
    private static Map<String, List<String>> headers(HttpFields fields, boolean none) {
        Map<String, List<String>> all = new TreeMap<>();
        for (HttpField field : fields) {
            String name = field.getLowerCaseName();
            if (!OF_HOP.contains(name) && !name.equals("date") && !(none && name.equals("content-length"))) {
                all.computeIfAbsent(name, key -> new ArrayList<>()).add(String.valueOf(field.getValue()));
            }
        }
        return all;
    }

    @Override
    public void close() {
        try {
            http.stop();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
