package dev.weir.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection of the admin server: one request at a time, the next is read when its answer is out. A request has to
 * be complete in time, an answer has to be taken in time.
 */
final class AdminHandler extends SimpleChannelInboundHandler<FullHttpRequest> {
    private static final Logger LOG = LoggerFactory.getLogger(AdminHandler.class);
    private static final int MAX_STREAMS = 8;

    private final AdminServer server;
    private final AdminGuard guard;
    private final AdminRoutes routes;
    private @Nullable ScheduledFuture<?> deadline;
    private boolean streaming;

    /** Requests that came in one read with the one that is being answered; at most a read's worth. */
    private final Queue<HttpRequest> waiting = new ArrayDeque<>();

    private boolean busy;
    private boolean asked;

    AdminHandler(AdminServer server, AdminGuard guard, AdminRoutes routes) {
        this.server = server;
        this.guard = guard;
        this.routes = routes;
    }

    /**
     * Whether nothing is lost with its connection: an answer is not being made, nor is one that has just come about to ask. The stream of exchanges is no
     * answer. On the server's thread.
     */
    boolean mayEnd() {
        return streaming || asked && !busy;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        next(ctx);
    }

    private void next(ChannelHandlerContext ctx) {
        HttpRequest request = waiting.poll();
        if (request != null) {
            // Not from here: a long pipeline would become a deep stack.
            ctx.executor().execute(() -> handle(ctx, request));
            return;
        }
        busy = false;
        await(ctx);
        ctx.read();
    }

    /** The connection ends if the next step is not done in time. */
    private void await(ChannelHandlerContext ctx) {
        settle();
        deadline = ctx.executor().schedule(() -> ctx.close(), server.timeoutMillis(), TimeUnit.MILLISECONDS);
    }

    private void settle() {
        if (deadline != null) {
            deadline.cancel(false);
            deadline = null;
        }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
        if (streaming) {
            ctx.close();
        } else if (busy) {
            waiting.add(request); // only its head is looked at, and that is no buffer
        } else {
            busy = true;
            handle(ctx, request);
        }
    }

    private void handle(ChannelHandlerContext ctx, HttpRequest request) {
        asked = true;
        settle();
        boolean head = request.method().equals(HttpMethod.HEAD);
        boolean keepAlive =
                HttpUtil.isKeepAlive(request) && request.decoderResult().isSuccess();
        try {
            if (request.decoderResult().isFailure()) {
                throw malformed(request.decoderResult().cause());
            }
            if (request.protocolVersion().majorVersion() != 1) {
                throw new AdminException(
                        HttpResponseStatus.HTTP_VERSION_NOT_SUPPORTED,
                        request.protocolVersion() + " (expected: HTTP/1.1)");
            }
            answer(ctx, request, keepAlive);
        } catch (AdminException e) {
            send(ctx, AdminResponse.error(e.status(), String.valueOf(e.getMessage())), head, keepAlive);
        } catch (RuntimeException e) {
            LOG.error("cannot answer {} {}", request.method(), request.uri(), e);
            send(ctx, internal(), head, false);
        }
    }

    private void answer(ChannelHandlerContext ctx, HttpRequest request, boolean keepAlive) {
        guard.check(request, ctx.channel().localAddress());
        AdminRequest parsed = AdminRequest.of(request.uri());
        boolean head = request.method().equals(HttpMethod.HEAD);
        AdminRoutes.Found found = routes.find(request.method(), parsed);
        if (found.refusal() != null) {
            send(ctx, found.refusal(), head, keepAlive);
            return;
        }
        AdminRoutes.Route route = found.route();
        if (route == null || route.answer() == null) {
            stream(ctx, parsed, head);
            return;
        }
        String accept = request.headers().get(HttpHeaderNames.ACCEPT, "");
        route.answer().to(parsed, accept, found.name()).whenComplete((response, failure) -> {
            if (ctx.executor().inEventLoop()) {
                complete(ctx, response, failure, head, keepAlive);
            } else {
                ctx.executor().execute(() -> complete(ctx, response, failure, head, keepAlive));
            }
        });
    }

    private void complete(
            ChannelHandlerContext ctx,
            @Nullable AdminResponse response,
            @Nullable Throwable failure,
            boolean head,
            boolean keepAlive) {
        if (response == null) {
            LOG.error("cannot answer", failure);
        }
        send(ctx, response == null ? internal() : response, head, keepAlive);
    }

    private static AdminResponse internal() {
        return AdminResponse.error(HttpResponseStatus.INTERNAL_SERVER_ERROR, "failed; the log has the reason");
    }

    private static AdminException malformed(Throwable cause) {
        if (cause instanceof TooLongHttpLineException) {
            return new AdminException(
                    HttpResponseStatus.REQUEST_URI_TOO_LONG,
                    "address too long (expected: " + AdminServer.MAX_LINE + " bytes)");
        }
        if (cause instanceof TooLongHttpHeaderException) {
            return new AdminException(
                    HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                    "headers too large (expected: " + AdminServer.MAX_HEADERS + " bytes)");
        }
        return new AdminException(HttpResponseStatus.BAD_REQUEST, "malformed request (expected: HTTP/1.1)");
    }

    private void send(ChannelHandlerContext ctx, AdminResponse answer, boolean head, boolean keepAlive) {
        FullHttpResponse response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, answer.status(), answer.body().toBuffer());
        HttpHeaders headers = common(response, answer.type());
        answer.headers().forEach(headers::set);
        headers.setInt(HttpHeaderNames.CONTENT_LENGTH, response.content().readableBytes());
        boolean goesOn = keepAlive && !server.closing();
        headers.set(HttpHeaderNames.CONNECTION, goesOn ? HttpHeaderValues.KEEP_ALIVE : HttpHeaderValues.CLOSE);
        if (head) {
            response.content().clear();
        }
        await(ctx);
        ChannelFuture written = ctx.writeAndFlush(response);
        if (goesOn) {
            written.addListener(done -> {
                if (done.isSuccess()) {
                    next(ctx);
                }
            });
        } else {
            written.addListener(ChannelFutureListener.CLOSE);
        }
    }

    private static HttpHeaders common(HttpResponse response, String type) {
        HttpHeaders headers = response.headers();
        headers.set(HttpHeaderNames.CONTENT_TYPE, type);
        headers.set(HttpHeaderNames.CACHE_CONTROL, "no-store");
        headers.set("X-Content-Type-Options", "nosniff");
        headers.set("Cross-Origin-Resource-Policy", "same-origin");
        headers.set("Referrer-Policy", "no-referrer");
        return headers;
    }

    private void stream(ChannelHandlerContext ctx, AdminRequest request, boolean head) {
        if (!head && !server.openStream(ctx.channel(), MAX_STREAMS)) {
            throw new AdminException(
                    HttpResponseStatus.SERVICE_UNAVAILABLE,
                    "too many readers of the live stream (expected: at most " + MAX_STREAMS + ")");
        }
        DefaultHttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        common(response, "text/event-stream; charset=utf-8");
        response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        ctx.write(response);
        if (head) {
            ctx.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT).addListener(ChannelFutureListener.CLOSE);
            return;
        }
        streaming = true;
        Channel channel = ctx.channel();
        LiveStream.start(channel, server.source(), request);
        ctx.flush();
        ctx.read(); // to notice when the reader leaves
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        settle();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("admin connection failed", cause);
        ctx.close();
    }
}
