package dev.weir.ratelimit;

import dev.weir.core.cluster.Endpoint;
import dev.weir.core.ratelimit.RateLimitService.Reply;
import dev.weir.core.ratelimit.RateLimitService.Result;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2PingFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.DefaultHttp2WindowUpdateFrame;
import io.netty.handler.codec.http2.Http2ChannelDuplexHandler;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2FrameStreamException;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2PingFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.util.AsciiString;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One HTTP/2 connection to the service: each question is a stream, as gRPC over HTTP/2 has it. */
final class GrpcConnection extends Http2ChannelDuplexHandler {
    private static final Logger LOG = LoggerFactory.getLogger(GrpcConnection.class);

    /** Longest answer that is read. */
    private static final int MAX_BODY = 64 << 10;

    /** A connection on which a ping stays without an answer for so long is dead. */
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(5);

    private static final AsciiString PATH =
            AsciiString.cached("/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit");
    private static final AsciiString CONTENT_TYPE = AsciiString.cached("content-type");
    private static final AsciiString GRPC = AsciiString.cached("application/grpc");
    private static final AsciiString TE = AsciiString.cached("te");
    private static final AsciiString TRAILERS = AsciiString.cached("trailers");
    private static final AsciiString TIMEOUT = AsciiString.cached("grpc-timeout");
    private static final AsciiString STATUS = AsciiString.cached("grpc-status");
    private static final AsciiString USER_AGENT = AsciiString.cached("user-agent");
    private static final AsciiString WEIR = AsciiString.cached("weir");
    private static final int DEADLINE_EXCEEDED = 4;
    private static final int UNAVAILABLE = 14;

    private final GrpcClient client;
    private final Endpoint endpoint;
    private final Http2FrameCodec codec;
    private final AsciiString authority;
    private final AsciiString timeout;
    private final IdentityHashMap<Http2FrameStream, GrpcQuestion> open = new IdentityHashMap<>();
    private @Nullable Channel channel;
    private boolean flushing;
    private boolean answered;
    private boolean retired;
    private boolean pinging;
    private long pingedAt;
    private String lastProblem = "the connection was closed";

    GrpcConnection(GrpcClient client, Endpoint endpoint) {
        this.client = client;
        this.endpoint = endpoint;
        Http2FrameCodecBuilder builder = Http2FrameCodecBuilder.forClient()
                .encoderEnforceMaxConcurrentStreams(true)
                .initialSettings(Http2Settings.defaultSettings().pushEnabled(false));
        builder.gracefulShutdownTimeoutMillis(0);
        this.codec = builder.build();
        this.authority = AsciiString.of(
                endpoint.address().isUnix() ? "localhost" : endpoint.address().toString());
        this.timeout = AsciiString.of(client.settings().timeout().toNanos() / 1_000 + "u");
    }

    Endpoint endpoint() {
        return endpoint;
    }

    ChannelHandler initializer() {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel made) {
                made.pipeline().addLast(codec, GrpcConnection.this);
            }
        };
    }

    void open(Channel connected) {
        channel = connected;
        connected.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
        connected.config().setAutoClose(true);
        connected.config().setAutoRead(true);
    }

    // ---- questions

    void send(GrpcQuestion question) {
        Channel to = channel;
        if (to == null || !to.isActive()) {
            client.end(question, new Reply(Result.UNAVAILABLE, 0));
            return;
        }
        Http2FrameStream stream = newStream();
        question.connection = this;
        question.stream = stream;
        open.put(stream, question);
        Http2Headers headers = new DefaultHttp2Headers(false, 8)
                .method("POST")
                .scheme("http")
                .path(PATH)
                .authority(authority)
                .set(TE, TRAILERS)
                .set(CONTENT_TYPE, GRPC)
                .set(USER_AGENT, WEIR)
                .set(TIMEOUT, timeout);
        ByteBuf body = to.alloc().buffer(128);
        RateLimitMessages.writeRequest(body, client.settings().domain(), question.descriptors, question.hits);
        to.write(new DefaultHttp2HeadersFrame(headers, false).stream(stream)).addListener(written -> {
            if (!written.isSuccess()) {
                end(stream, Result.UNAVAILABLE, String.valueOf(written.cause()));
            }
        });
        to.write(new DefaultHttp2DataFrame(body, true).stream(stream));
        flushSoon(to);
    }

    /** Once per turn of the event loop, however many ask. */
    private void flushSoon(Channel to) {
        if (!flushing) {
            flushing = true;
            to.eventLoop().execute(() -> {
                flushing = false;
                to.flush();
            });
        }
    }

    /** The service need not answer any more. */
    void giveUp(GrpcQuestion question) {
        Http2FrameStream stream = question.stream;
        Channel to = channel;
        if (stream != null && open.remove(stream) != null && to != null && to.isActive()) {
            to.write(new DefaultHttp2ResetFrame(Http2Error.CANCEL).stream(stream));
            flushSoon(to);
            closeIfRetired();
        }
    }

    /** An answer did not come in time: is anybody there? */
    void doubt() {
        Channel to = channel;
        if (to == null) {
            return;
        }
        long now = client.clock().nanoTime();
        if (!pinging) {
            pinging = true;
            pingedAt = now;
            to.write(new DefaultHttp2PingFrame(now));
            flushSoon(to);
        } else if (now - pingedAt > PATIENCE) {
            answered = false;
            lastProblem = "no answer to a ping";
            client.retire(this);
            to.close();
        }
    }

    void outcome(Result result) {
        switch (result) {
            case OK, OVER_LIMIT -> endpoint.done(Endpoint.Outcome.SUCCESS, -1);
            case TIMEOUT -> endpoint.done(Endpoint.Outcome.TIMEOUT, -1);
            case ERROR -> endpoint.done(Endpoint.Outcome.FAILURE, -1);
            default -> {}
        }
    }

    private void end(Http2FrameStream stream, Result result, String problem) {
        GrpcQuestion question = open.remove(stream);
        if (question != null) {
            LOG.debug("rate limit service {}: {}", endpoint.address(), problem);
            client.end(question, new Reply(result, 0));
            closeIfRetired();
        }
    }

    private void closeIfRetired() {
        if (retired && open.isEmpty()) {
            close();
        }
    }

    void close() {
        Channel to = channel;
        if (to != null) {
            to.close();
        }
    }

    // ---- what the service sends

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        try {
            if (message instanceof Http2HeadersFrame frame) {
                headers(frame);
            } else if (message instanceof Http2DataFrame frame) {
                data(ctx, frame);
            } else if (message instanceof Http2ResetFrame frame && frame.stream() != null) {
                boolean unheard = frame.errorCode() == Http2Error.REFUSED_STREAM.code();
                end(frame.stream(), unheard ? Result.UNAVAILABLE : Result.ERROR, "reset " + frame.errorCode());
            } else if (message instanceof Http2GoAwayFrame) {
                goAway();
            } else if (message instanceof Http2PingFrame frame && frame.ack()) {
                pinging = false;
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    private void headers(Http2HeadersFrame frame) {
        Http2FrameStream stream = frame.stream();
        GrpcQuestion question = stream == null ? null : open.get(stream);
        if (stream == null || question == null) {
            return;
        }
        CharSequence http = frame.headers().status();
        if (http != null && !AsciiString.contentEquals(http, "200")) {
            reject(question, "HTTP status " + http);
            return;
        }
        if (frame.isEndStream()) {
            CharSequence status = frame.headers().get(STATUS);
            int code = status == null ? -1 : number(status);
            if (code == 0) {
                answer(stream, question);
            } else {
                Result result = code == DEADLINE_EXCEEDED
                        ? Result.TIMEOUT
                        : code == UNAVAILABLE ? Result.UNAVAILABLE : Result.ERROR;
                end(stream, result, "status " + status + " " + frame.headers().get("grpc-message"));
            }
        }
    }

    private static int number(CharSequence text) {
        int value = 0;
        for (int i = 0; i < text.length(); i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9 || i > 3) {
                return -1;
            }
            value = 10 * value + digit;
        }
        return text.isEmpty() ? -1 : value;
    }

    private void data(ChannelHandlerContext ctx, Http2DataFrame frame) {
        Http2FrameStream stream = frame.stream();
        GrpcQuestion question = stream == null ? null : open.get(stream);
        if (stream == null) {
            return;
        }
        if (frame.initialFlowControlledBytes() > 0) {
            ctx.write(new DefaultHttp2WindowUpdateFrame(frame.initialFlowControlledBytes()).stream(stream));
        }
        if (question == null) {
            return;
        }
        int length = frame.content().readableBytes();
        ByteBuf body = question.body;
        if (frame.isEndStream() || length + (body == null ? 0 : body.readableBytes()) > MAX_BODY) {
            reject(question, frame.isEndStream() ? "an answer without status" : "an answer of more than 64 KiB");
            return;
        }
        if (body == null) {
            body = ctx.alloc().buffer(Math.max(32, length));
            question.body = body;
        }
        body.writeBytes(frame.content());
    }

    private void answer(Http2FrameStream stream, GrpcQuestion question) {
        ByteBuf body = question.body;
        Reply answer;
        try {
            if (body == null) {
                throw new IllegalArgumentException("no message");
            }
            answer = RateLimitMessages.readReply(body);
        } catch (IllegalArgumentException e) {
            end(stream, Result.ERROR, "an answer that is none: " + e.getMessage());
            return;
        }
        open.remove(stream);
        answered = true;
        client.works();
        client.end(question, answer);
        closeIfRetired();
    }

    /** What comes is no answer, and what may still come is not wanted. */
    private void reject(GrpcQuestion question, String problem) {
        lastProblem = problem;
        LOG.debug("rate limit service {}: {}", endpoint.address(), problem);
        giveUp(question);
        client.end(question, new Reply(Result.ERROR, 0));
    }

    /** The service leaves: what it has begun it will end, everything else goes elsewhere. */
    private void goAway() {
        retired = true;
        client.retire(this);
        for (Http2FrameStream stream : new ArrayList<>(open.keySet())) {
            if (stream.state() == io.netty.handler.codec.http2.Http2Stream.State.CLOSED) {
                end(stream, Result.UNAVAILABLE, "the service leaves");
            }
        }
        closeIfRetired();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        ctx.flush();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        retired = true;
        client.lost(this, !answered, lastProblem);
        List<GrpcQuestion> left = new ArrayList<>(open.values());
        open.clear();
        left.forEach(question -> client.end(question, new Reply(Result.UNAVAILABLE, 0)));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (cause instanceof Http2FrameStreamException of) {
            end(of.stream(), Result.ERROR, String.valueOf(cause.getMessage()));
            return;
        }
        lastProblem = String.valueOf(cause.getMessage());
        LOG.debug("rate limit service {}: {}", endpoint.address(), lastProblem);
        ctx.close();
    }
}
