package dev.weir.mongo;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Whether a MongoDB server answers: it is connected to and asked {@code hello}, without TLS and without a log-in, which
 * that command never needs; a server that does not know it yet (before 4.4.2) is asked {@code isMaster}. It has to say
 * {@code ok: 1} and, if wanted, that it takes writes. Servers before 3.6 close the connection, as they do not know OP_MSG.
 * Immutable; may be used by any number of threads at once.
 */
public final class MongoHealthCheck {
    /** Most bytes a server may say before the answer is clear; the hello of fifty members has about five thousand. */
    static final int MAX_BYTES = 64 << 10;

    /**
     * What a check found.
     *
     * @param healthy whether everything was as it should be
     * @param serverVersion by {@code maxWireVersion}, such as {@code 8.0}; empty if the server did not say
     * @param reason why it is not healthy, for people, at most 300 characters; empty if it is
     */
    public record Health(boolean healthy, String serverVersion, String reason) {}

    private final ChannelFactory<? extends Channel> channels;
    private final Duration timeout;
    private final boolean writablePrimary;

    /**
     * Makes a check.
     *
     * @param channels makes sockets that fit the event loops it will run on
     * @param timeout for all of it, from 1 ms to 1 h
     * @param writablePrimary whether a server that takes no writes is not healthy: of a replica set only the primary is;
     *     a standalone and a mongos are, too
     */
    public MongoHealthCheck(ChannelFactory<? extends Channel> channels, Duration timeout, boolean writablePrimary) {
        long millis = timeout.toMillis();
        if (millis < 1 || millis > TimeUnit.HOURS.toMillis(1)) {
            throw new IllegalArgumentException("timeout " + timeout + " (expected: 1 ms to 1 h)");
        }
        this.channels = channels;
        this.timeout = timeout;
        this.writablePrimary = writablePrimary;
    }

    /**
     * Checks once. Does not block, and does not throw; the future always succeeds, on {@code loop}, not later than the
     * timeout; then the connection is closed or closing.
     */
    public Future<Health> check(EventLoop loop, SocketAddress address) {
        Promise<Health> result = loop.newPromise();
        try {
            connect(loop, address, new HealthTalk(result, writablePrimary));
        } catch (RuntimeException e) {
            result.trySuccess(new Health(false, "", HealthTalk.text("cannot connect: " + e)));
        }
        return result;
    }

    private void connect(EventLoop loop, SocketAddress address, HealthTalk talk) {
        int millis = (int) timeout.toMillis();
        ChannelFuture connecting = new Bootstrap()
                .group(loop)
                .channelFactory(channels)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, millis)
                .handler(talk)
                .connect(address);
        connecting.addListener(done -> {
            if (!done.isSuccess()) {
                talk.fail("cannot connect: " + done.cause());
            }
        });
        Future<?> alarm = loop.schedule(
                () -> {
                    talk.fail("no answer within " + millis + " ms");
                    connecting.channel().close();
                },
                millis,
                TimeUnit.MILLISECONDS);
        talk.result().addListener(done -> alarm.cancel(false));
    }
}
