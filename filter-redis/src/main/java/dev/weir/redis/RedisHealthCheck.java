package dev.weir.redis;

import dev.weir.core.cluster.Conversation;
import dev.weir.core.cluster.HealthCheck;
import dev.weir.core.config.ConfigNode;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.codec.redis.RedisDecoder;
import io.netty.handler.codec.redis.RedisEncoder;

/**
 * {@code redis}: answers PING with PONG; with {@code maintenance_key} it is asked instead whether that key exists, and is left out while it
 * does, as by Envoy. Whatever error it says ({@code LOADING}, {@code MASTERDOWN}, {@code BUSY}, {@code NOAUTH} …) is the reason.
 */
public final class RedisHealthCheck implements HealthCheck {
    /** Most bytes of an error or a status. */
    private static final int LONGEST_LINE = 4096;

    /** For ServiceLoader. */
    public RedisHealthCheck() {}

    @Override
    public String type() {
        return "redis";
    }

    @Override
    public Probe configure(ConfigNode node) {
        String key = node.string("maintenance_key", null);
        RedisLogin login = RedisLogin.from(node, "");
        return target -> Conversation.with(target, result -> new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel channel) {
                channel.pipeline()
                        .addLast(new RedisDecoder(LONGEST_LINE, RedisHealthTalk.POOL))
                        .addLast(new RedisEncoder())
                        .addLast(new RedisHealthTalk(result, login, key));
            }
        });
    }
}
