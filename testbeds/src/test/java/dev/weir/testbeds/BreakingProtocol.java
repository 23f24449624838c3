package dev.weir.testbeds;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.Detection;
import dev.weir.core.protocol.Protocol;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.protocol.SnifferContext;
import io.netty.buffer.ByteBuf;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;

/** A protocol whose sniffer ({@code breaking_stats}) moves reader indexes about and breaks at a random call. */
public final class BreakingProtocol implements Protocol {
    /** Sniffers that broke since the start. */
    static final AtomicInteger BROKEN = new AtomicInteger();

    @Override
    public String name() {
        return "breaking";
    }

    @Override
    public String statsFilter() {
        return "breaking_stats";
    }

    @Override
    public int defaultPort() {
        return 1;
    }

    @Override
    public PerLoop<Sniffer> sniffer(ConfigNode config, FilterEnvironment environment) {
        return loop -> connection -> new Breaking(new Random(connection.id()));
    }

    @Override
    public Detection detect(Direction direction, ByteBuf first) {
        return Detection.NO;
    }

    private static final class Breaking implements Sniffer {
        private final Random random;
        private int calls;

        Breaking(Random random) {
            this.random = random;
            this.calls = random.nextInt(40);
        }

        @Override
        public void onOpen(SnifferContext context) {
            maybeBreak();
        }

        @Override
        public void onBytes(Direction direction, ByteBuf data, long nanos) {
            data.skipBytes(random.nextInt(data.readableBytes() + 1));
            maybeBreak();
        }

        @Override
        public void onEndOfStream(Direction direction, long nanos) {
            maybeBreak();
        }

        @Override
        public boolean idle() {
            return false;
        }

        private void maybeBreak() {
            if (calls-- <= 0) {
                BROKEN.incrementAndGet();
                if (random.nextBoolean()) {
                    throw new IllegalStateException("broken on purpose");
                }
                throw new StackOverflowError("broken on purpose");
            }
        }
    }
}
