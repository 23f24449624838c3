package dev.weir.proxy.replay;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.compress.Inflaters;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.exchange.ExchangeSinks;
import dev.weir.core.exchange.Exchanges;
import dev.weir.core.exchange.HotKeys;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.LoopEnvironment;
import dev.weir.core.filter.WireClock;
import dev.weir.core.protocol.Protocol;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** The process and the loop that a sniffer finds itself in. The loop is there to be named; nothing runs on it. */
record ReplayEnvironment(
        Protocol protocol,
        MeterRegistry meters,
        WireClock clock,
        ExchangeSinks sinks,
        EventLoop loop,
        Inflaters inflaters,
        List<AutoCloseable> resources)
        implements FilterEnvironment, LoopEnvironment {
    ReplayEnvironment(Protocol protocol, MeterRegistry meters, WireClock clock, ExchangeSinks sinks, EventLoop loop) {
        this(protocol, meters, clock, sinks, loop, new Inflaters(), new ArrayList<>());
        resources.add(inflaters);
    }

    @Override
    public String listener() {
        return "replay";
    }

    @Override
    public int index() {
        return 0;
    }

    @Override
    public Exchanges exchanges() {
        return sinks.forLoop(0);
    }

    @Override
    public Cluster cluster(ConfigNode config, String key) {
        throw new UnsupportedOperationException("a capture has no clusters");
    }

    @Override
    public Collection<Protocol> protocols() {
        return List.of(protocol);
    }

    @Override
    public HotKeys hotKeys() {
        return sinks.hotKeys();
    }

    @Override
    public void onClose(AutoCloseable resource) {
        resources.add(resource);
    }
}
