package dev.weir.examples.memcached;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.Detection;
import dev.weir.core.protocol.Protocol;
import dev.weir.core.protocol.Sniffer;
import io.micrometer.core.instrument.Counter;
import io.netty.buffer.ByteBuf;

/** memcached's text protocol with its meta commands; not its binary one. */
public final class MemcachedProtocol implements Protocol {
    private static final int LONGEST_WORD = 16;

    /** For ServiceLoader. */
    public MemcachedProtocol() {}

    @Override
    public String name() {
        return "memcached";
    }

    @Override
    public String statsFilter() {
        return "memcached_stats";
    }

    @Override
    public int defaultPort() {
        return 11211;
    }

    @Override
    public PerLoop<Sniffer> sniffer(ConfigNode config, FilterEnvironment environment) {
        // Once per configuration: read it, make what all loops share.
        boolean keys = config.bool("keys", false);
        Counter unsolicited = Counter.builder("weir.memcached.unsolicited")
                .description("Errors a server sent without having been asked")
                .tag("listener", environment.listener())
                .register(environment.meters());
        return loop -> {
            // Once per event loop: make what its connections share.
            var shared = new MemcachedSniffer.Shared(new Pending.Pool(), keys, unsolicited);
            // Once per connection.
            return connection -> new MemcachedSniffer(shared);
        };
    }

    @Override
    public Detection detect(Direction direction, ByteBuf first) {
        TextCursor cursor = new TextCursor();
        cursor.show(first.readerIndex());
        int to = Math.min(first.writerIndex(), first.readerIndex() + LONGEST_WORD);
        return switch (cursor.next(first, to)) {
            case WORD -> known(direction, cursor.hash()) ? Detection.YES : Detection.NO;
            case MORE -> first.readableBytes() < LONGEST_WORD ? Detection.MORE : Detection.NO;
            case LINE, BLOCK -> Detection.NO;
        };
    }

    private static boolean known(Direction direction, long hash) {
        if (direction == Direction.TO_UPSTREAM) {
            return !Command.of(hash).equals(Command.UNKNOWN);
        }
        return Reply.of(hash) != Reply.OTHER;
    }
}
