package dev.weir.redis;

import dev.weir.core.cluster.Conversation;
import dev.weir.core.cluster.Discovery;
import dev.weir.core.config.Address;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.util.concurrent.Future;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Hears what one Sentinel tells of the servers under all names; connects again for as long as it is open. On one loop. */
final class SentinelSubscription {
    private static final Logger LOG = LoggerFactory.getLogger(SentinelSubscription.class);

    /** Who the master is, or which Sentinels and replicas there are and in which state, may be another now. */
    private static final List<String> EVENTS = List.of(
            "+switch-master",
            "+sentinel",
            "+monitor",
            "+reset-master",
            "+slave",
            "+sdown",
            "-sdown",
            "+reboot",
            "+convert-to-slave",
            "+slave-reconf-done",
            "+fix-slave-config");

    private static final List<String> SUBSCRIBE =
            Stream.concat(Stream.of("SUBSCRIBE"), EVENTS.stream()).toList();

    private final Address sentinel;
    private final SentinelSettings settings;
    private final Discovery.Context context;
    private final Consumer<String> news;
    private @Nullable Hearing hearing;
    private @Nullable Future<?> next;
    private int failures;
    private boolean closed;

    /** {@code news} is told the name under which something has happened, or may have happened unheard. */
    SentinelSubscription(
            Address sentinel, SentinelSettings settings, Discovery.Context context, Consumer<String> news) {
        this.sentinel = sentinel;
        this.settings = settings;
        this.context = context;
        this.news = news;
    }

    void connect() {
        next = null;
        if (closed) {
            return;
        }
        Hearing one = new Hearing();
        hearing = one;
        ChannelFuture connecting;
        try {
            connecting = context.connect(sentinel, new ChannelInitializer<Channel>() {
                @Override
                protected void initChannel(Channel channel) {
                    one.add(channel);
                }
            });
        } catch (RuntimeException e) {
            // Without a file descriptor there is no channel.
            one.failed(Conversation.message(e));
            return;
        }
        one.channel = connecting.channel();
        connecting.addListener(done -> {
            if (!done.isSuccess()) {
                one.failed(Conversation.message(done.cause()));
            }
        });
    }

    /** Sees to it that a Sentinel that has gone without a word is noticed: what it does not answer until the next call it never will. */
    void check() {
        if (hearing != null) {
            hearing.ping();
        }
    }

    void close() {
        closed = true;
        if (next != null) {
            next.cancel(false);
        }
        if (hearing != null && hearing.channel != null) {
            hearing.channel.close();
        }
    }

    /** One connection. */
    private final class Hearing extends RedisAnswers {
        @Nullable
        Channel channel;

        private boolean loggedIn = settings.sentinelLogin().command().isEmpty();
        private int confirmed;
        private boolean quiet;

        @Override
        public void channelActive(ChannelHandlerContext context) {
            if (!loggedIn) {
                send(context, settings.sentinelLogin().command());
            }
            send(context, SUBSCRIBE);
        }

        @Override
        void answered(ChannelHandlerContext context, @Nullable Object answer) {
            quiet = false;
            if (!loggedIn) {
                loggedIn = true;
                if (answer instanceof Failure failure) {
                    refused(context, settings.sentinelLogin().refusal(failure.message()));
                }
            } else if (answer instanceof Failure failure) {
                refused(context, failure.message());
            } else if (answer instanceof List<?> list && list.size() == 3 && "message".equals(list.get(0))) {
                event(String.valueOf(list.get(2)));
            } else if (answer instanceof List<?> list
                    && !list.isEmpty()
                    && "subscribe".equals(list.get(0))
                    && ++confirmed == EVENTS.size()) {
                failures = 0;
                settings.masters().forEach(news); // what has happened until now was not heard
            }
        }

        /** {@code <type> <name> <ip> <port> @ <master> <ip> <port>}, or {@code <master> <old ip> <old port> <ip> <port>}. */
        private void event(String text) {
            List<String> words = Arrays.asList(text.split(" ", 12));
            settings.masters().stream().filter(words::contains).forEach(news);
        }

        void ping() {
            if (channel == null) {
                return;
            }
            ChannelHandlerContext own = channel.pipeline().context(this);
            if (quiet) {
                failed("it does not answer");
                channel.close();
            } else if (own != null && confirmed == EVENTS.size()) {
                send(own, List.of("PING"));
            }
            quiet = true;
        }

        private void refused(ChannelHandlerContext context, String reason) {
            failed(reason);
            context.close();
        }

        @Override
        void failed(String reason) {
            if (hearing != this) {
                return;
            }
            hearing = null;
            if (closed) {
                return;
            }
            failures++;
            LOG.debug("cluster {}: Sentinel {}: {}", context.cluster(), sentinel, SentinelWatch.line(reason));
            long delay = settings.pace().pauseMillis(failures, ThreadLocalRandom.current());
            next = context.loop().schedule(SentinelSubscription.this::connect, delay, TimeUnit.MILLISECONDS);
        }
    }
}
