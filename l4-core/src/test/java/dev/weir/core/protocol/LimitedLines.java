package dev.weir.core.protocol;

import dev.weir.core.compress.Inflaters;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.PerLoop;
import io.netty.buffer.ByteBuf;
import java.util.Map;
import java.util.Set;

/** {@link LineProtocol} as a protocol, for filters of commands; {@code get} reads, everything else writes. */
public final class LimitedLines implements Protocol {
    private final boolean tellsUsers;

    /** Makes one that tells users, or does not. */
    public LimitedLines(boolean tellsUsers) {
        this.tellsUsers = tellsUsers;
    }

    @Override
    public String name() {
        return "lines";
    }

    @Override
    public String statsFilter() {
        return "lines_stats";
    }

    @Override
    public int defaultPort() {
        return 1;
    }

    @Override
    public PerLoop<Sniffer> sniffer(ConfigNode config, FilterEnvironment environment) {
        throw new UnsupportedOperationException("only its commands");
    }

    @Override
    public Detection detect(Direction direction, ByteBuf first) {
        return Detection.NO;
    }

    @Override
    public CommandSet commands() {
        Set<String> names = Set.of("get", "set", "delete", CommandSet.OTHER);
        return new CommandSet(names, Set.of(), tellsUsers, Map.of(Refusal.RATE_LIMITED, "LIMITED"));
    }

    @Override
    public CommandFramer framer(Connection connection, Inflaters inflaters) {
        return new LineProtocol();
    }
}
