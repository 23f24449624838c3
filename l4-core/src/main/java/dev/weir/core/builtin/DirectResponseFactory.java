package dev.weir.core.builtin;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.TerminalContext;
import dev.weir.core.filter.TerminalFactory;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;

/** The terminal {@code direct_response}: sends a fixed text to each client and closes. */
public final class DirectResponseFactory implements TerminalFactory {
    private static final int MAX_BODY = 64 << 10;

    /** For ServiceLoader. */
    public DirectResponseFactory() {}

    @Override
    public String type() {
        return "direct_response";
    }

    @Override
    public Configured configure(ConfigNode config, FilterEnvironment environment) {
        byte[] body = config.required("body").text().getBytes(StandardCharsets.UTF_8);
        if (body.length > MAX_BODY) {
            config.error("body", body.length + " bytes (expected: at most " + MAX_BODY + ")");
        }
        return loop -> context -> new DirectResponse(context, body);
    }

    private static final class DirectResponse extends ChannelInboundHandlerAdapter {
        private final TerminalContext context;
        private final byte[] body;

        DirectResponse(TerminalContext context, byte[] body) {
            this.context = context;
            this.body = body;
        }

        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            ctx.writeAndFlush(Unpooled.wrappedBuffer(body));
            context.connection().close(CloseReason.COMPLETE);
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
        }
    }
}
