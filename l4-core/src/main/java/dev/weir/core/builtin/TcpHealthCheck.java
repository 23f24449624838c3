package dev.weir.core.builtin;

import dev.weir.core.cluster.Conversation;
import dev.weir.core.cluster.HealthCheck;
import dev.weir.core.config.ConfigNode;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.util.concurrent.Promise;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** {@code tcp}: it can be connected to; with {@code send} and {@code expect} it also answers as it should. */
public final class TcpHealthCheck implements HealthCheck {
    /** Bytes that are searched for what is expected. */
    private static final int MOST = 64 << 10;

    /** For ServiceLoader. */
    public TcpHealthCheck() {}

    @Override
    public String type() {
        return "tcp";
    }

    @Override
    public Probe configure(ConfigNode node) {
        byte[] send = bytes(node.string("send", null));
        byte[] expect = bytes(node.string("expect", null));
        if (send.length > 0 && expect.length == 0) {
            node.error("send", "without expect (expected: both, or expect alone)");
        }
        return target -> Conversation.with(target, result -> new Talk(result, send, expect));
    }

    private static byte[] bytes(@Nullable String text) {
        return text == null ? new byte[0] : text.getBytes(StandardCharsets.UTF_8);
    }

    /** Sends, and looks for the answer in what comes. */
    private static final class Talk extends SimpleChannelInboundHandler<ByteBuf> {
        private final Promise<Health> result;
        private final byte[] send;
        private final byte[] expect;
        private byte[] seen = new byte[256];
        private int length;

        Talk(Promise<Health> result, byte[] send, byte[] expect) {
            this.result = result;
            this.send = send;
            this.expect = expect;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            if (expect.length == 0) {
                result.trySuccess(Health.OK);
            } else if (send.length > 0) {
                context.writeAndFlush(Unpooled.wrappedBuffer(send));
            }
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, ByteBuf data) {
            int n = Math.min(data.readableBytes(), MOST - length);
            if (length + n > seen.length) {
                seen = Arrays.copyOf(seen, Math.min(MOST, 2 * (length + n)));
            }
            data.readBytes(seen, length, n);
            length += n;
            if (expect.length > 0 && contains()) {
                result.trySuccess(Health.OK);
            } else if (length == MOST) {
                result.trySuccess(Health.no("another answer than expected"));
            }
        }

        private boolean contains() {
            for (int i = 0; i + expect.length <= length; i++) {
                if (Arrays.equals(seen, i, i + expect.length, expect, 0, expect.length)) {
                    return true;
                }
            }
            return false;
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            result.trySuccess(Health.no("closed before an answer"));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            result.trySuccess(Health.no(Conversation.message(cause)));
        }
    }
}
