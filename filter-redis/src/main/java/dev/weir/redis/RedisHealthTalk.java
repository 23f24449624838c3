package dev.weir.redis;

import dev.weir.core.cluster.Conversation;
import dev.weir.core.cluster.HealthCheck.Health;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.redis.ArrayRedisMessage;
import io.netty.handler.codec.redis.ErrorRedisMessage;
import io.netty.handler.codec.redis.FixedRedisMessagePool;
import io.netty.handler.codec.redis.FullBulkStringRedisMessage;
import io.netty.handler.codec.redis.IntegerRedisMessage;
import io.netty.handler.codec.redis.RedisMessage;
import io.netty.handler.codec.redis.RedisMessagePool;
import io.netty.handler.codec.redis.SimpleStringRedisMessage;
import io.netty.util.concurrent.Promise;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The conversation of one {@link RedisHealthCheck}: a log-in if wanted, then one question. On its channel's event loop. */
final class RedisHealthTalk extends SimpleChannelInboundHandler<RedisMessage> {
    static final RedisMessagePool POOL = FixedRedisMessagePool.INSTANCE;

    private static final Pattern CODE = Pattern.compile("[A-Z]{3,20}(?= )");

    private final Promise<Health> result;
    private final List<String> login;
    private final @Nullable String maintenanceKey;
    private boolean loggedIn;

    /** {@code login} is the command that does it; empty for none. */
    RedisHealthTalk(Promise<Health> result, List<String> login, @Nullable String maintenanceKey) {
        this.result = result;
        this.login = login;
        this.maintenanceKey = maintenanceKey;
        this.loggedIn = login.isEmpty();
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        if (loggedIn) {
            ask(context);
        } else {
            send(context, login);
        }
    }

    private void ask(ChannelHandlerContext context) {
        send(context, maintenanceKey == null ? List.of("PING") : List.of("EXISTS", maintenanceKey));
    }

    private static void send(ChannelHandlerContext context, List<String> command) {
        List<RedisMessage> parts = new ArrayList<>();
        for (String part : command) {
            parts.add(new FullBulkStringRedisMessage(Unpooled.copiedBuffer(part, StandardCharsets.UTF_8)));
        }
        context.writeAndFlush(new ArrayRedisMessage(parts));
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
            no("log-in: "
                    + (answer instanceof ErrorRedisMessage error ? code(error.content()) : "another answer than OK"));
        }
    }

    /** Of an error to AUTH its code only, if it is one: a server that does not know the command repeats what it was sent. */
    private String code(String error) {
        Matcher code = CODE.matcher(error);
        boolean told = code.lookingAt() && login.stream().skip(1).noneMatch(secret -> secret.contains(code.group()));
        return told ? code.group() : "an error";
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
