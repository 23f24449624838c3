package dev.weir.mongo;

import dev.weir.core.compress.Inflaters;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.CommandFramer;
import dev.weir.core.protocol.CommandSet;
import dev.weir.core.protocol.Detection;
import dev.weir.core.protocol.Protocol;
import dev.weir.core.protocol.Refusal;
import dev.weir.core.protocol.Sniffer;
import io.micrometer.core.instrument.Counter;
import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** MongoDB. */
public final class MongoProtocol implements Protocol {
    static final String NAME = "mongodb";

    private static final int MAX_PENDING = 4_096;
    private static final int MAX_CURSORS = 4_096;

    /** For the service loader. */
    public MongoProtocol() {}

    @Override
    public String name() {
        return NAME;
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
        // Keys are values of filters here, which are shown or not.
        config.bool("keys", false);
        Loop.Settings settings = new Loop.Settings(
                config.bool("statements", false),
                config.bool("error_messages", false),
                (int) config.integer("max_pending", MAX_PENDING, 16, 1 << 16),
                new NameTable(config.list("scatter_fields").stream()
                        .map(ConfigNode::text)
                        .toList()));
        int cursors = (int) config.integer("max_cursors", MAX_CURSORS, 0, 1 << 16);
        config.rejectUnknown();
        Loop.Counters counters = new Loop.Counters(
                counter(environment, "weir_mongo_lossy", "Messages that could not be inflated as far as wanted"),
                counter(environment, "weir_mongo_unsolicited", "Answers to nothing that was asked"),
                counter(environment, "weir_mongo_unknown_cursors", "Fetches from cursors not seen being made"),
                query(environment, "scatter"),
                query(environment, "multi_get"),
                query(environment, "no_max_time"));
        Topology topology = new Topology(
                environment.listener(),
                counter(environment, "weir_mongo_primary_changes", "Times the primary of a replica set changed"),
                counter(
                        environment,
                        "weir_mongo_bypass",
                        "Clients that left after they were told a replica set's members"));
        Loop.Shared shared = new Loop.Shared(new Cursors(cursors), new Transactions(), topology);
        return loop -> {
            Loop own = new Loop(settings, counters, loop.inflaters(), shared);
            return connection -> new MongoSniffer(own, connection);
        };
    }

    private static Counter counter(FilterEnvironment environment, String name, String description) {
        return Counter.builder(name)
                .description(description)
                .tag("listener", environment.listener())
                .register(environment.meters());
    }

    private static Counter query(FilterEnvironment environment, String kind) {
        return Counter.builder("weir_mongo_queries")
                .description("Queries that may be dear: find without a key, find of several ids, no time limit")
                .tag("listener", environment.listener())
                .tag("kind", kind)
                .register(environment.meters());
    }

    @Override
    public CommandSet commands() {
        Map<Refusal, String> codes = Map.of(
                Refusal.DENIED, "Unauthorized",
                Refusal.RATE_LIMITED, "IngressRequestRateLimitExceeded",
                Refusal.FAULT, "InternalError");
        return new CommandSet(CommandNames.all(), Set.of(), false, codes);
    }

    @Override
    public CommandFramer framer(Connection connection, Inflaters inflaters) {
        return new MongoFramer(inflaters);
    }

    @Override
    public Detection detect(Direction direction, ByteBuf first) {
        return MongoDetection.detect(direction, first);
    }
}
