package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.exchange.Exchange;
import java.net.URI;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.transport.HttpClientTransportOverHTTP;
import org.eclipse.jetty.http2.client.HTTP2Client;
import org.eclipse.jetty.http2.client.transport.HttpClientTransportOverHTTP2;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.client.ClientUpgradeRequest;
import org.eclipse.jetty.websocket.client.WebSocketClient;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;

/** A server of WebSockets, Weir before it, and clients. */
final class WebSocketPeers {
    static final int FLOOD = 400;
    static final int PIECE = 64 << 10;
    private static final int LARGEST = 8 << 20;
    private static final long PATIENCE_SECONDS = 20;

    private final BlockingQueue<String> serverClosed = new LinkedBlockingQueue<>();
    private final AtomicInteger opened = new AtomicInteger();
    private final AtomicInteger flooded = new AtomicInteger();
    private JettyServer server;
    private HttpBed bed;
    private HttpClient http;
    private WebSocketClient jetty;

    void start(String upstreamProtocol, List<String> upgrades) throws Exception {
        server = new JettyServer(of -> WebSocketUpgradeHandler.from(of, container -> {
            container.addMapping("/echo", (request, answer, done) -> {
                if (request.getSubProtocols().contains("two")) {
                    answer.setAcceptedSubProtocol("two");
                }
                return new Echo();
            });
            container.addMapping("/refused", (request, answer, done) -> {
                org.eclipse.jetty.server.Response.writeError(request, answer, done, 403);
                return null;
            });
        }));
        bed = new HttpBed(
                Map.of(
                        "upstream_protocol",
                        upstreamProtocol,
                        "routes",
                        List.of(Map.of("cluster", "app", "upgrades", upgrades))),
                server.address());
    }

    JettyServer server() {
        return server;
    }

    HttpBed bed() {
        return bed;
    }

    int opened() {
        return opened.get();
    }

    int flooded() {
        return flooded.get();
    }

    /** Code and reason with which the server saw one close. */
    String serverClosed() throws InterruptedException {
        return take(serverClosed);
    }

    Exchange onlyExchange() throws InterruptedException {
        assertThat(Http2Bed.eventually(() -> !bed.exchanges.isEmpty())).isTrue();
        assertThat(bed.exchanges).hasSize(1);
        return bed.exchanges.get(0);
    }

    private static <T> T take(BlockingQueue<T> from) throws InterruptedException {
        T one = from.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertThat(one).as("within %s s", PATIENCE_SECONDS).isNotNull();
        return one;
    }

    /** @param client {@code jdk}, {@code jetty1} or {@code jetty2}: whose, and by which HTTP */
    Line connect(String client, String path, String... subprotocols) throws Exception {
        URI uri = URI.create("ws://127.0.0.1:" + bed.port() + path);
        if (client.equals("jdk")) {
            JdkLine line = new JdkLine();
            WebSocket.Builder builder = java.net.http.HttpClient.newHttpClient().newWebSocketBuilder();
            if (subprotocols.length > 0) {
                builder.subprotocols(
                        subprotocols[0], java.util.Arrays.copyOfRange(subprotocols, 1, subprotocols.length));
            }
            line.socket = builder.buildAsync(uri, line).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            return line;
        }
        if (jetty == null) {
            http = client.equals("jetty2")
                    ? new HttpClient(new HttpClientTransportOverHTTP2(new HTTP2Client()))
                    : new HttpClient(new HttpClientTransportOverHTTP(1));
            jetty = new WebSocketClient(http);
            jetty.setMaxBinaryMessageSize(LARGEST);
            jetty.start();
        }
        JettyLine line = new JettyLine();
        ClientUpgradeRequest request = new ClientUpgradeRequest(uri);
        request.setSubProtocols(subprotocols);
        line.session = jetty.connect(line, request).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        line.settle();
        return line;
    }

    void stop() throws Exception {
        if (jetty != null) {
            jetty.stop();
            http.stop();
        }
        if (bed != null) {
            bed.close();
            server.close();
        }
    }

    /** Sends back what comes; {@code close} and {@code flood} are orders. */
    public final class Echo implements Session.Listener.AutoDemanding {
        private Session session;

        @Override
        public void onWebSocketOpen(Session of) {
            session = of;
            session.setMaxBinaryMessageSize(LARGEST);
            opened.incrementAndGet();
        }

        @Override
        public void onWebSocketText(String message) {
            switch (message) {
                case "close" -> session.close(4_001, "as asked", Callback.NOOP);
                case "flood" -> flood(FLOOD);
                default -> session.sendText(message, Callback.NOOP);
            }
        }

        private void flood(int left) {
            if (left > 0) {
                session.sendBinary(
                        ByteBuffer.allocate(PIECE),
                        Callback.from(
                                () -> {
                                    flooded.incrementAndGet();
                                    flood(left - 1);
                                },
                                failed -> {}));
            }
        }

        @Override
        public void onWebSocketBinary(ByteBuffer message, Callback callback) {
            session.sendBinary(message, callback);
        }

        @Override
        public void onWebSocketClose(int code, String reason, Callback callback) {
            serverClosed.add((code + " " + (reason == null ? "" : reason)).trim());
            callback.succeed();
        }
    }

    /** One WebSocket, as its client has it. */
    abstract static class Line {
        final BlockingQueue<String> texts = new LinkedBlockingQueue<>();
        final BlockingQueue<byte[]> binaries = new LinkedBlockingQueue<>();
        final BlockingQueue<String> pongs = new LinkedBlockingQueue<>();
        final BlockingQueue<String> closes = new LinkedBlockingQueue<>();

        abstract void send(String text) throws Exception;

        abstract void send(byte[] bytes) throws Exception;

        abstract void ping(String text) throws Exception;

        abstract void close(int code, String reason) throws Exception;

        /** Ends the connection without a word. */
        abstract void cut();

        abstract String subprotocol();

        /** Reads no more, from the next message on. */
        void hold() {
            throw new UnsupportedOperationException();
        }

        void goOn() {
            throw new UnsupportedOperationException();
        }

        String text() throws InterruptedException {
            return take(texts);
        }

        byte[] binary() throws InterruptedException {
            return take(binaries);
        }

        String pong() throws InterruptedException {
            return take(pongs);
        }

        /** Code and reason; 1006 if there was no close frame. */
        String closed() throws InterruptedException {
            return take(closes);
        }
    }

    static byte[] bytes(ByteBuffer from) {
        byte[] all = new byte[from.remaining()];
        from.get(all);
        return all;
    }

    private static final class JdkLine extends Line implements WebSocket.Listener {
        private volatile WebSocket socket;
        private volatile boolean holds;
        private final StringBuilder text = new StringBuilder();
        private final java.io.ByteArrayOutputStream binary = new java.io.ByteArrayOutputStream();

        private CompletionStage<?> next(WebSocket of) {
            if (!holds) {
                of.request(1);
            }
            return null;
        }

        @Override
        public CompletionStage<?> onText(WebSocket of, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                texts.add(text.toString());
                text.setLength(0);
            }
            return next(of);
        }

        @Override
        public CompletionStage<?> onBinary(WebSocket of, ByteBuffer data, boolean last) {
            binary.writeBytes(bytes(data));
            if (last) {
                binaries.add(binary.toByteArray());
                binary.reset();
            }
            return next(of);
        }

        @Override
        public CompletionStage<?> onPong(WebSocket of, ByteBuffer data) {
            pongs.add(StandardCharsets.UTF_8.decode(data).toString());
            return next(of);
        }

        @Override
        public CompletionStage<?> onClose(WebSocket of, int code, String reason) {
            closes.add((code + " " + reason).trim());
            return null;
        }

        @Override
        public void onError(WebSocket of, Throwable error) {
            closes.add("1006 " + error);
        }

        @Override
        void send(String message) throws Exception {
            socket.sendText(message, true).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }

        @Override
        void send(byte[] message) throws Exception {
            socket.sendBinary(ByteBuffer.wrap(message), true).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }

        @Override
        void ping(String message) throws Exception {
            socket.sendPing(StandardCharsets.UTF_8.encode(message)).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }

        @Override
        void close(int code, String reason) throws Exception {
            socket.sendClose(code, reason).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }

        @Override
        void cut() {
            socket.abort();
        }

        /** The JDK's client may miss an end that comes while its listener is still at the message before, also without a proxy: then it finds out when it says something. */
        @Override
        String closed() throws InterruptedException {
            for (int i = 0; i < PATIENCE_SECONDS; i++) {
                String told = closes.poll(1, TimeUnit.SECONDS);
                if (told != null) {
                    return told;
                }
                try {
                    send("anybody there?");
                } catch (Exception e) {
                    return "1006 " + e;
                }
            }
            throw new AssertionError("not closed within " + PATIENCE_SECONDS + " s");
        }

        @Override
        String subprotocol() {
            return socket.getSubprotocol();
        }

        @Override
        void hold() {
            holds = true;
        }

        @Override
        void goOn() {
            holds = false;
            socket.request(1);
        }
    }

    /** For Jetty's client. */
    public static final class JettyLine extends Line implements Session.Listener.AutoDemanding {
        private static final String SETTLED = "settled";
        private final CountDownLatch settled = new CountDownLatch(1);
        private volatile Session session;

        /**
         * Over HTTP/2, Jetty's client may take what comes first for the body of the answer to its CONNECT, and drop it: if it comes while another thread still
         * looks after the head of that answer. So something comes first that nobody misses. It is the same without a proxy: about one first message of 200 is lost.
         */
        void settle() throws Exception {
            for (int i = 0; i < PATIENCE_SECONDS; i++) {
                ping(SETTLED);
                if (settled.await(1, TimeUnit.SECONDS)) {
                    return;
                }
            }
            throw new AssertionError("no pong within " + PATIENCE_SECONDS + " s");
        }

        @Override
        public void onWebSocketText(String message) {
            texts.add(message);
        }

        @Override
        public void onWebSocketBinary(ByteBuffer message, Callback callback) {
            binaries.add(bytes(message));
            callback.succeed();
        }

        @Override
        public void onWebSocketPong(ByteBuffer payload) {
            String text = StandardCharsets.UTF_8.decode(payload).toString();
            if (text.equals(SETTLED)) {
                settled.countDown();
            } else {
                pongs.add(text);
            }
        }

        @Override
        public void onWebSocketClose(int code, String reason, Callback callback) {
            closes.add((code + " " + (reason == null ? "" : reason)).trim());
            callback.succeed();
        }

        @Override
        void send(String message) throws Exception {
            Callback.Completable done = new Callback.Completable();
            session.sendText(message, done);
            done.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }

        @Override
        void send(byte[] message) throws Exception {
            Callback.Completable done = new Callback.Completable();
            session.sendBinary(ByteBuffer.wrap(message), done);
            done.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }

        @Override
        void ping(String message) throws Exception {
            Callback.Completable done = new Callback.Completable();
            session.sendPing(StandardCharsets.UTF_8.encode(message), done);
            done.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }

        @Override
        void close(int code, String reason) {
            session.close(code, reason, Callback.NOOP);
        }

        @Override
        void cut() {
            session.disconnect();
        }

        @Override
        String subprotocol() {
            return session.getUpgradeResponse().getAcceptedSubProtocol();
        }
    }
}
