package dev.weir.core.cluster;

import dev.weir.core.cluster.HealthCheck.Health;
import dev.weir.core.cluster.HealthCheck.Target;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** One connection of a {@link HealthCheck.Probe}: made, given up at the timeout, and closed in any case. */
public final class Conversation {
    private Conversation() {}

    /**
     * Connects to {@code target} and lets a handler talk there. Called on the target's loop, as a probe is.
     *
     * @param handler makes the handler of the connection, which says with {@link Promise#trySuccess} what was found; that closes the
     *     connection, after what was written before
     * @return what was found; always succeeds, not later than the timeout
     */
    public static Future<Health> with(Target target, Function<Promise<Health>, ChannelHandler> handler) {
        Promise<Health> result = target.loop().newPromise();
        ChannelFuture connecting;
        try {
            connecting = target.connect(handler.apply(result));
        } catch (RuntimeException e) {
            // Without a file descriptor there is no channel.
            return result.setSuccess(Health.no("cannot connect: " + message(e)));
        }
        connecting.addListener(done -> {
            if (!done.isSuccess()) {
                result.trySuccess(Health.no("cannot connect: " + message(done.cause())));
            }
        });
        long millis = target.timeout().toMillis();
        Future<?> alarm = target.loop()
                .schedule(
                        () -> result.trySuccess(Health.no("no answer within " + millis + " ms")),
                        millis,
                        TimeUnit.MILLISECONDS);
        result.addListener(done -> {
            alarm.cancel(false);
            connecting.channel().close();
        });
        return result;
    }

    /** For people: what went wrong. */
    public static String message(Throwable cause) {
        String message = cause.getMessage();
        return message == null ? cause.getClass().getSimpleName() : message;
    }
}
