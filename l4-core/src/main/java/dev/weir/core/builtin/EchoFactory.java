package dev.weir.core.builtin;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.EndOfStream;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.TerminalContext;
import dev.weir.core.filter.TerminalFactory;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/** The terminal {@code echo}: sends back what it gets (RFC 862). */
public final class EchoFactory implements TerminalFactory {
    /** For ServiceLoader. */
    public EchoFactory() {}

    @Override
    public String type() {
        return "echo";
    }

    @Override
    public Configured configure(ConfigNode config, FilterEnvironment environment) {
        return loop -> Echo::new;
    }

    private static final class Echo extends ChannelInboundHandlerAdapter {
        private final TerminalContext context;

        Echo(TerminalContext context) {
            this.context = context;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ctx.write(message, ctx.voidPromise());
            if (!ctx.channel().isWritable()) {
                context.pauseReading();
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            ctx.flush();
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            if (ctx.channel().isWritable()) {
                context.resumeReading();
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event == EndOfStream.INSTANCE) {
                ctx.writeAndFlush(EndOfStream.INSTANCE);
            }
        }
    }
}
