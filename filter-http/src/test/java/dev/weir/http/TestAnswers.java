package dev.weir.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Answers as the path of a request says. */
final class TestAnswers implements RequestHandler {
    /** What requests heard of their end, from all tests of the JVM: {@code path failure}. */
    static final Queue<String> CANCELLED = new ConcurrentLinkedQueue<>();
    /** Bytes of bodies that were given out and not consumed, in {@code /hold}. */
    static final AtomicLong HELD = new AtomicLong();

    private final EventLoop loop;

    TestAnswers(EventLoop loop) {
        this.loop = loop;
    }

    @Override
    public RequestListener request(HttpRequest head, boolean end, ClientStream stream) {
        QueryStringDecoder target = new QueryStringDecoder(head.uri());
        switch (target.path()) {
            case "/echo" -> {
                return new Echo(head, end, stream);
            }
            case "/big" -> {
                return new Big(stream, Long.parseLong(parameter(target, "n")));
            }
            case "/never", "/hold" -> {
                return new Silent(target.path(), stream);
            }
            case "/trailers" -> {
                stream.sendHead(head(200), false);
                stream.sendData(text("body"), false);
                HttpHeaders trailers = new DefaultHttpHeaders();
                trailers.add("Grpc-Status", "0").add("connection", "close");
                stream.sendTrailers(trailers);
            }
            case "/hints" -> {
                HttpResponse hints = head(103);
                hints.headers().add("link", "</a.css>");
                stream.sendHead(hints, false);
                body(stream, "after hints");
            }
            case "/reset" -> stream.reset(Failure.valueOf(parameter(target, "why")));
            case "/half" -> {
                stream.sendHead(head(200), false);
                stream.sendData(text("half"), false);
                loop.schedule(() -> stream.reset(Failure.UPSTREAM_RESET), 20, TimeUnit.MILLISECONDS);
            }
            case "/enough" -> {
                body(stream, "enough");
                stream.reset(Failure.CLIENT_PROTOCOL);
            }
            case "/empty" -> stream.sendHead(head(204), true);
            case "/throw" -> throw new IllegalStateException("a bug");
            case "/head" -> body(stream, show(head));
            default -> body(stream, "hello");
        }
        return new Silent("done", stream) {
            @Override
            public void data(ByteBuf data, boolean ended) {
                int bytes = data.readableBytes();
                data.release();
                stream.consumed(bytes);
            }
        };
    }

    private static String parameter(QueryStringDecoder target, String name) {
        List<String> values = target.parameters().get(name);
        return values == null ? "" : values.get(0);
    }

    /** A head as text: a line for each header. */
    static String show(HttpRequest head) {
        StringBuilder text = new StringBuilder(head.method() + " " + head.uri() + " " + head.protocolVersion() + "\n");
        for (Map.Entry<String, String> header : head.headers()) {
            text.append(header.getKey()).append(": ").append(header.getValue()).append('\n');
        }
        return text.toString();
    }

    static HttpResponse head(int status) {
        return new DefaultHttpResponse(Http.HTTP_2, HttpResponseStatus.valueOf(status));
    }

    static ByteBuf text(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
    }

    private static void body(ClientStream stream, String text) {
        HttpResponse head = head(200);
        head.headers().add("Content-Type", "text/plain").add("Connection", "keep-alive");
        stream.sendHead(head, false);
        stream.sendData(text(text), true);
    }

    /** Says nothing. What comes is not consumed. */
    private static class Silent implements RequestListener {
        private final String path;
        private final ClientStream stream;

        Silent(String path, ClientStream stream) {
            this.path = path;
            this.stream = stream;
        }

        @Override
        public void data(ByteBuf data, boolean end) {
            HELD.addAndGet(data.readableBytes());
            data.release();
            if (end) {
                body(stream, "held");
            }
        }

        @Override
        public void trailers(HttpHeaders trailers) {}

        @Override
        public void cancelled(Failure why) {
            CANCELLED.add(path + " " + why.label());
        }

        @Override
        public void writable() {}
    }

    /** Sends back what it gets: what the client does not take stays on the client's side. */
    private static final class Echo implements RequestListener {
        private final ClientStream stream;
        private long owed;

        Echo(HttpRequest request, boolean end, ClientStream stream) {
            this.stream = stream;
            HttpResponse head = head(200);
            String length = request.headers().get("content-length");
            if (length != null) {
                head.headers().add("content-length", length);
            }
            stream.sendHead(head, end);
        }

        @Override
        public void data(ByteBuf data, boolean end) {
            owed += data.readableBytes();
            stream.sendData(data, end);
            pay();
        }

        private void pay() {
            if (owed > 0 && stream.isWritable()) {
                int bytes = (int) owed;
                owed = 0;
                stream.consumed(bytes);
            }
        }

        @Override
        public void trailers(HttpHeaders trailers) {
            stream.sendTrailers(trailers);
        }

        @Override
        public void cancelled(Failure why) {
            CANCELLED.add("/echo " + why.label());
        }

        @Override
        public void writable() {
            pay();
        }
    }

    /** Sends as many bytes as it was asked for, as fast as they are taken. */
    private static final class Big implements RequestListener {
        private static final int PIECE = 8_192;
        private static final ByteBuf PATTERN =
                Unpooled.unreleasableBuffer(Unpooled.buffer(PIECE).writeZero(PIECE));

        private final ClientStream stream;
        private long left;

        Big(ClientStream stream, long bytes) {
            this.stream = stream;
            this.left = bytes;
            HttpResponse head = head(200);
            head.headers().add("content-length", bytes);
            stream.sendHead(head, bytes == 0);
            writable();
        }

        @Override
        public void data(ByteBuf data, boolean end) {
            data.release();
        }

        @Override
        public void trailers(HttpHeaders trailers) {}

        @Override
        public void cancelled(Failure why) {
            left = 0;
            CANCELLED.add("/big " + why.label());
        }

        @Override
        public void writable() {
            while (left > 0 && stream.isWritable()) {
                int bytes = (int) Math.min(left, PIECE);
                left -= bytes;
                stream.sendData(PATTERN.slice(0, bytes), left == 0);
            }
        }
    }
}
