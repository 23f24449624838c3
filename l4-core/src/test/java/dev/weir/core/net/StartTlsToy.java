package dev.weir.core.net;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterContext;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.FilterFactory;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.filter.Side;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
import javax.net.ssl.SSLEngine;

/**
 * A toy: a client that says STARTTLS gets TLS from Weir, and Weir asks the server for TLS the same way before the
 * first byte goes on, as far as {@code side} says.
 */
public final class StartTlsToy implements FilterFactory {
    static final String ASK = "STARTTLS\n";
    static final String GO = "GO\n";

    @Override
    public String type() {
        return "starttls_toy";
    }

    @Override
    public PerLoop<NetworkFilter> configure(ConfigNode config, FilterEnvironment environment) {
        boolean upstream = config.bool("upstream", false);
        return PerLoop.always(connection -> upstream ? new ToServer() : new FromClient());
    }

    private static TestTlsHandler handler(boolean client) {
        SSLEngine engine = TestTls.context().createSSLEngine("localhost", 1);
        engine.setUseClientMode(client);
        return new TestTlsHandler(engine);
    }

    /** Ends TLS of the client. */
    static final class FromClient implements NetworkFilter {
        private boolean done;

        @Override
        public int onData(FilterContext context, Direction direction, ByteBuf data) {
            if (done || direction == Direction.TO_CLIENT) {
                return data.readableBytes();
            }
            if (data.readableBytes() < ASK.length()) {
                return 0;
            }
            done = true;
            if (!data.toString(data.readerIndex(), ASK.length(), StandardCharsets.US_ASCII)
                    .equals(ASK)) {
                return data.readableBytes();
            }
            context.drop(ASK.length());
            context.inject(
                    Direction.TO_CLIENT,
                    ByteBufUtil.writeAscii(context.connection().allocator(), GO));
            context.startTls(Side.CLIENT, handler(false));
            return 0;
        }
    }

    /** Begins TLS with the server. */
    static final class ToServer implements NetworkFilter {
        private boolean asked;
        private boolean done;

        @Override
        public int onData(FilterContext context, Direction direction, ByteBuf data) {
            if (done) {
                return data.readableBytes();
            }
            if (direction == Direction.TO_UPSTREAM) {
                if (!asked) {
                    asked = true;
                    context.inject(
                            Direction.TO_UPSTREAM,
                            ByteBufUtil.writeAscii(context.connection().allocator(), ASK));
                }
                return 0;
            }
            if (data.readableBytes() < GO.length()) {
                return 0;
            }
            context.drop(GO.length());
            done = true;
            context.startTls(Side.UPSTREAM, handler(true));
            context.resume(Direction.TO_UPSTREAM);
            return 0;
        }
    }
}
