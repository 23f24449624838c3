package dev.weir.proxy;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.ExchangeJson;
import dev.weir.core.exchange.LiveFeed;
import dev.weir.core.filter.WireClock;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.LastHttpContent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Exchanges as they happen, to one reader, as server-sent events. The feed samples. A reader that does not take what
 * is sent makes its queue in the feed run full; then the feed drops it, and the stream ends with the event {@code
 * overrun}. On the thread of the admin server.
 */
final class LiveStream {
    static final String PATH = "/exchanges/live";
    static final List<String> PARAMETERS = List.of("listener", "command");

    private static final int QUEUE = 2_000;
    private static final int MILLIS = 100;
    private static final int KEEP_ALIVE_TICKS = 15_000 / MILLIS;

    private final Channel channel;
    private final LiveFeed.Subscription subscription;
    private final WireClock clock;
    private final @Nullable String listener;
    private final @Nullable String command;
    private @Nullable ScheduledFuture<?> ticks;
    private int quiet;

    private LiveStream(Channel channel, AdminSource source, AdminRequest request) {
        this.channel = channel;
        this.listener = request.text("listener");
        this.command = request.text("command");
        this.clock = source.clock();
        this.subscription = source.exchanges().live().subscribe(QUEUE);
    }

    /** Begins to send; the head of the answer has been written. */
    static void start(Channel channel, AdminSource source, AdminRequest request) {
        LiveStream stream = new LiveStream(channel, source, request);
        stream.send(": exchanges, sampled\n\n");
        stream.ticks = channel.eventLoop().scheduleWithFixedDelay(stream::tick, MILLIS, MILLIS, TimeUnit.MILLISECONDS);
        channel.closeFuture().addListener(closed -> stream.stop());
    }

    private void tick() {
        boolean active = subscription.active();
        int sent = 0;
        while (channel.isWritable()) {
            Exchange exchange = subscription.poll();
            if (exchange == null) {
                break;
            }
            if (wanted(exchange)) {
                send(event(exchange));
                sent++;
            }
        }
        quiet = sent > 0 ? 0 : quiet + 1;
        if (!active) {
            end(subscription.overrun() ? "event: overrun\ndata: {}\n\n" : "event: end\ndata: {}\n\n");
        } else if (quiet >= KEEP_ALIVE_TICKS && channel.isWritable()) {
            quiet = 0;
            send(": quiet\n\n");
        }
        channel.flush();
    }

    private boolean wanted(Exchange exchange) {
        return (listener == null || listener.equals(exchange.connection().listener()))
                && (command == null
                        || command.equalsIgnoreCase(exchange.operation().name()));
    }

    private String event(Exchange exchange) {
        java.io.StringWriter text = new java.io.StringWriter(512).append("data: ");
        try (JsonGenerator json = Json.generator(text)) {
            ExchangeJson.write(json, exchange, clock);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return text.append("\n\n").toString();
    }

    private void send(String text) {
        channel.write(new DefaultHttpContent(Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.UTF_8))));
    }

    private void end(String text) {
        stop();
        send(text);
        channel.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT).addListener(ChannelFutureListener.CLOSE);
        // One that reads nothing would keep its connection for ever.
        channel.eventLoop().schedule(() -> channel.close(), 5, TimeUnit.SECONDS);
    }

    private void stop() {
        subscription.close();
        if (ticks != null) {
            ticks.cancel(false);
        }
    }
}
