package dev.weir.redis;

import dev.weir.core.cluster.Conversation;
import dev.weir.core.cluster.Discovery;
import dev.weir.core.config.Address;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One connection to a server: a log-in, some commands at once, their answers. On the loop of a {@link Discovery.Context}. */
final class RedisAsk extends RedisAnswers {
    /**
     * What came of it.
     *
     * @param answers one for each command; empty if there is a problem
     * @param problem why there are none, or null
     */
    record Result(List<@Nullable Object> answers, @Nullable String problem) {
        static Result no(String problem) {
            return new Result(List.of(), problem);
        }
    }

    private final Promise<Result> result;
    private final RedisLogin login;
    private final List<List<String>> commands;
    private final List<@Nullable Object> answers = new ArrayList<>();
    private boolean loggedIn;

    private RedisAsk(Promise<Result> result, RedisLogin login, List<List<String>> commands, int most) {
        super(most);
        this.result = result;
        this.login = login;
        this.commands = commands;
        this.loggedIn = login.command().isEmpty();
    }

    /** Asks; {@code then} is told once, not later than the timeout, on the loop. Called there. */
    static void ask(
            Discovery.Context context,
            Address address,
            RedisLogin login,
            Duration timeout,
            List<List<String>> commands,
            Consumer<Result> then) {
        ask(context, address, login, timeout, commands, MOST_BYTES, then);
    }

    /** The same, with answers of up to {@code most} bytes. */
    static void ask(
            Discovery.Context context,
            Address address,
            RedisLogin login,
            Duration timeout,
            List<List<String>> commands,
            int most,
            Consumer<Result> then) {
        Promise<Result> result = context.loop().newPromise();
        result.addListener(done -> then.accept(result.getNow()));
        RedisAsk ask = new RedisAsk(result, login, commands, most);
        ChannelFuture connecting;
        try {
            connecting = context.connect(address, new ChannelInitializer<Channel>() {
                @Override
                protected void initChannel(Channel channel) {
                    ask.add(channel);
                }
            });
        } catch (RuntimeException e) {
            // Without a file descriptor there is no channel.
            result.setSuccess(Result.no("cannot connect: " + Conversation.message(e)));
            return;
        }
        connecting.addListener(done -> {
            if (!done.isSuccess()) {
                result.trySuccess(Result.no("cannot connect: " + Conversation.message(done.cause())));
            }
        });
        Future<?> alarm = context.loop()
                .schedule(
                        () -> result.trySuccess(Result.no("no answer within " + timeout.toMillis() + " ms")),
                        timeout.toMillis(),
                        TimeUnit.MILLISECONDS);
        result.addListener(done -> {
            alarm.cancel(false);
            connecting.channel().close();
        });
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        if (!loggedIn) {
            send(context, login.command());
        }
        commands.forEach(command -> send(context, command));
    }

    @Override
    void answered(ChannelHandlerContext context, @Nullable Object answer) {
        if (result.isDone()) {
            return;
        }
        if (!loggedIn) {
            loggedIn = true;
            if (answer instanceof Failure failure) {
                failed(login.refusal(failure.message()));
            } else if (!"OK".equals(answer)) {
                failed("log-in: another answer than OK");
            }
            return;
        }
        answers.add(answer);
        if (answers.size() == commands.size()) {
            result.trySuccess(new Result(answers, null));
        }
    }

    @Override
    void failed(String reason) {
        result.trySuccess(Result.no(reason));
    }
}
