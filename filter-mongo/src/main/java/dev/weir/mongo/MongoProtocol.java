package dev.weir.mongo;

import dev.weir.core.compress.Inflaters;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.CommandFramer;
import dev.weir.core.protocol.Detection;
import dev.weir.core.protocol.Protocol;
import dev.weir.core.protocol.Sniffer;
import io.netty.buffer.ByteBuf;
import java.util.List;

/** MongoDB. */
public final class MongoProtocol implements Protocol {
    /** For the service loader. */
    public MongoProtocol() {}

    @Override
    public String name() {
        return "mongodb";
    }

    @Override
    public List<String> aliases() {
        return List.of("mongo");
    }

    @Override
    public String statsFilter() {
        return "mongo_stats";
    }

    @Override
    public int defaultPort() {
        return 27017;
    }

    @Override
    public PerLoop<Sniffer> sniffer(ConfigNode config, FilterEnvironment environment) {
        throw new UnsupportedOperationException("in the making");
    }

    @Override
    public CommandFramer framer(Connection connection, Inflaters inflaters) {
        return new MongoFramer(connection, inflaters);
    }

    @Override
    public Detection detect(Direction direction, ByteBuf first) {
        return MongoDetection.detect(direction, first);
    }
}
