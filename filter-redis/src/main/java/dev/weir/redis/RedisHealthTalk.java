package dev.weir.redis;

import dev.weir.core.cluster.Conversation;
import dev.weir.core.cluster.HealthCheck.Health;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.redis.ErrorRedisMessage;
import io.netty.handler.codec.redis.FixedRedisMessagePool;
import io.netty.handler.codec.redis.IntegerRedisMessage;
import io.netty.handler.codec.redis.RedisMessage;
import io.netty.handler.codec.redis.RedisMessagePool;
import io.netty.handler.codec.redis.SimpleStringRedisMessage;
import io.netty.util.concurrent.Promise;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The conversation of one {@link RedisHealthCheck}: a log-in if wanted, then one question. On its channel's event loop. */
final class RedisHealthTalk extends SimpleChannelInboundHandler<RedisMessage> {
    static final RedisMessagePool POOL = FixedRedisMessagePool.INSTANCE;

    private final Promise<Health> result;
    private final RedisLogin login;
    private final @Nullable String maintenanceKey;
    private boolean loggedIn;

    RedisHealthTalk(Promise<Health> result, RedisLogin login, @Nullable String maintenanceKey) {
        this.result = result;
        this.login = login;
        this.maintenanceKey = maintenanceKey;
        this.loggedIn = login.command().isEmpty();
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        if (loggedIn) {
            ask(context);
        } else {
            RedisAnswers.send(context, login.command());
        }
    }

    private void ask(ChannelHandlerContext context) {
        RedisAnswers.send(context, maintenanceKey == null ? List.of("PING") : List.of("EXISTS", maintenanceKey));
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, RedisMessage answer) {
        if (result.isDone()) {
            return;
        }
        if (!loggedIn) {
            loggedIn(context, answer);
        } else if (answer instanceof ErrorRedisMessage error) {
            no(error.content());
        } else if (maintenanceKey == null) {
            boolean pong = answer instanceof SimpleStringRedisMessage text
                    && text.content().equals("PONG");
            result.trySuccess(pong ? Health.OK : Health.no("another answer to PING than PONG"));
        } else if (answer instanceof IntegerRedisMessage exists) {
            result.trySuccess(
                    exists.value() == 0 ? Health.OK : Health.no("in maintenance: " + maintenanceKey + " exists"));
        } else {
            no("another answer to EXISTS than a number");
        }
    }

    private void loggedIn(ChannelHandlerContext context, RedisMessage answer) {
        if (answer instanceof SimpleStringRedisMessage text && text.content().equals("OK")) {
            loggedIn = true;
            ask(context);
        } else {
            no(
                    answer instanceof ErrorRedisMessage error
                            ? login.refusal(error.content())
                            : "log-in: another answer than OK");
        }
    }

    private void no(String reason) {
        result.trySuccess(Health.no(reason));
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        no("closed without an answer");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        no(cause instanceof io.netty.handler.codec.DecoderException ? "not Redis" : Conversation.message(cause));
    }
}
