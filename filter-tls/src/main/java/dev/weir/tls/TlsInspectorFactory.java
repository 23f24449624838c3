package dev.weir.tls;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.ConnectionAttribute;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterContext;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.FilterFactory;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.tls.ClientHello;
import io.micrometer.core.instrument.Counter;
import io.netty.buffer.ByteBuf;

/**
 * The filter {@code tls_inspector}: reads which server a client asks for, without ending its TLS. What comes later in the chain, the terminal among it, starts when that is
 * known; no byte is changed.
 */
public final class TlsInspectorFactory implements FilterFactory {
    /** For ServiceLoader. */
    public TlsInspectorFactory() {}

    @Override
    public String type() {
        return "tls_inspector";
    }

    @Override
    public PerLoop<NetworkFilter> configure(ConfigNode config, FilterEnvironment environment) {
        Counter tls = counter(environment, "tls");
        Counter other = counter(environment, "other");
        return PerLoop.always(connection -> new Inspector(tls, other));
    }

    private static Counter counter(FilterEnvironment environment, String found) {
        return Counter.builder("weir.tls.inspected")
                .description("Connections whose begin was looked at")
                .tags("listener", environment.listener(), "found", found)
                .register(environment.meters());
    }

    private static final class Inspector implements NetworkFilter {
        private final Counter tls;
        private final Counter other;
        private boolean done;

        Inspector(Counter tls, Counter other) {
            this.tls = tls;
            this.other = other;
        }

        @Override
        public Opening onOpen(FilterContext context) {
            // The listener may have looked already, to choose the chain.
            done = context.connection().get(ConnectionAttribute.SNI) != null;
            return done ? Opening.PROCEED : Opening.WAIT;
        }

        @Override
        public int onData(FilterContext context, Direction direction, ByteBuf data) {
            if (direction == Direction.TO_UPSTREAM && !done) {
                ClientHello hello = ClientHelloReader.read(data);
                if (hello == null) {
                    return 0;
                }
                decided(context, hello);
            }
            return data.readableBytes();
        }

        @Override
        public void onEndOfStream(FilterContext context, Direction direction) {
            if (direction == Direction.TO_UPSTREAM && !done) {
                decided(context, ClientHello.NONE);
            }
        }

        private void decided(FilterContext context, ClientHello hello) {
            done = true;
            (hello.tls() ? tls : other).increment();
            if (hello.serverName() != null) {
                context.connection().set(ConnectionAttribute.SNI, hello.serverName());
            }
            context.resume(Direction.TO_UPSTREAM);
        }
    }
}
