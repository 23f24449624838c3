package dev.weir.http;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.Detection;
import dev.weir.core.protocol.Protocol;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.protocol.SnifferContext;
import io.netty.buffer.ByteBuf;

/** A protocol whose exchanges the terminal {@code http} tells of: there is nothing that could watch it from beside. */
abstract class CarriedProtocol implements Protocol {
    private static final Sniffer NONE = new Sniffer() {
        @Override
        public void onOpen(SnifferContext context) {
            context.opaque("http");
        }

        @Override
        public void onBytes(Direction direction, ByteBuf data, long nanos) {}

        @Override
        public boolean idle() {
            return true;
        }

        @Override
        public void onClose(CloseReason reason, long nanos) {}
    };

    @Override
    public final PerLoop<Sniffer> sniffer(ConfigNode config, FilterEnvironment environment) {
        config.error("no filter can count " + name()
                + " (expected: the terminal http, with observe: true if it is to change nothing)");
        return PerLoop.always(connection -> NONE);
    }

    @Override
    public final Detection detect(Direction direction, ByteBuf first) {
        return Detection.NO;
    }
}
