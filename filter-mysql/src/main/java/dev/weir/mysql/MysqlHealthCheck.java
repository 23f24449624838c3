package dev.weir.mysql;

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
import org.jspecify.annotations.Nullable;

/**
 * Whether a MySQL or MariaDB server takes connections: it is connected to and has to greet (protocol 10); with a user it
 * also has to let that one in, without TLS, by {@code mysql_native_password} or {@code caching_sha2_password}. Immutable;
 * may be used by any number of threads at once.
 *
 * <p>Without a user the connection ends before its log-in, which servers count as a failed one ({@code Aborted_connects});
 * after {@code max_connect_errors} of them in a row they refuse the address that the checks come from, unless
 * {@code skip_name_resolve} is on. A user without any rights is the better way.
 */
public final class MysqlHealthCheck {
    /** Most bytes a server may say before the answer is clear. */
    static final int MAX_BYTES = 64 << 10;

    /**
     * What a check found.
     *
     * @param healthy whether everything was as it should be
     * @param serverVersion as the server greets, without MariaDB's {@code 5.5.5-} before it; empty if it did not
     * @param reason why it is not healthy, for people, at most 300 characters; empty if it is
     */
    public record Health(boolean healthy, String serverVersion, String reason) {}

    /**
     * Who logs in.
     *
     * @param name of the user
     * @param password may be empty; appears in no text
     */
    public record User(String name, String password) {
        @Override
        public String toString() {
            return "User[" + name + "]";
        }
    }

    private final ChannelFactory<? extends Channel> channels;
    private final Duration timeout;
    private final @Nullable User user;

    /**
     * Makes a check.
     *
     * @param channels makes sockets that fit the event loops it will run on
     * @param timeout for all of it, from 1 ms to 1 h
     * @param user who logs in; null: the greeting is enough
     */
    public MysqlHealthCheck(ChannelFactory<? extends Channel> channels, Duration timeout, @Nullable User user) {
        long millis = timeout.toMillis();
        if (millis < 1 || millis > TimeUnit.HOURS.toMillis(1)) {
            throw new IllegalArgumentException("timeout " + timeout + " (expected: 1 ms to 1 h)");
        }
        this.channels = channels;
        this.timeout = timeout;
        this.user = user;
    }

    /**
     * Checks once. Does not block, and does not throw; the future always succeeds, on {@code loop}, not later than the
     * timeout; then the connection is closed or closing.
     */
    public Future<Health> check(EventLoop loop, SocketAddress address) {
        Promise<Health> result = loop.newPromise();
        try {
            connect(loop, address, new HealthTalk(result, user));
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
