package dev.weir.core.net;

import dev.weir.core.cluster.Discovery;
import dev.weir.core.config.Address;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a source of one cluster may ask for. */
final class DiscoveryContext implements Discovery.Context {
    private static final Logger LOG = LoggerFactory.getLogger(DiscoveryContext.class);

    private final LiveCluster cluster;
    private final ClusterMetrics metrics;
    private final EventLoop loop;

    DiscoveryContext(LiveCluster cluster, ClusterMetrics metrics) {
        this.cluster = cluster;
        this.metrics = metrics;
        this.loop = cluster.parts().shared().loop();
    }

    @Override
    public String cluster() {
        return cluster.name();
    }

    @Override
    public EventLoop loop() {
        return loop;
    }

    @Override
    public ChannelFuture connect(Address address, ChannelHandler handler) {
        return reading(cluster.parts()
                .connector()
                .connect(
                        address,
                        cluster.config(),
                        loop,
                        handler,
                        new Connector.Begin(null, cluster.parts().secure(), null)));
    }

    /** A connection that is not a client's: it reads by itself, and is closed when its peer ends. */
    static ChannelFuture reading(ChannelFuture connecting) {
        Channel channel = connecting.channel();
        channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
        channel.config().setAutoClose(true);
        connecting.addListener(done -> {
            if (done.isSuccess()) {
                channel.config().setAutoRead(true);
            }
        });
        return connecting;
    }

    @Override
    public void background(Runnable task) {
        cluster.parts().shared().thread().execute(task);
    }

    @Override
    public void found(List<Discovery.Found> endpoints) {
        tell(endpoints, false);
    }

    @Override
    public void foundOnly(List<Discovery.Found> endpoints) {
        tell(endpoints, true);
    }

    private void tell(List<Discovery.Found> endpoints, boolean only) {
        List<Discovery.Found> copy = List.copyOf(endpoints);
        background(() -> {
            if (!cluster.stopped()) {
                cluster.found(copy, only);
            }
        });
    }

    @Override
    public void failed(String reason) {
        background(() -> {
            if (!cluster.stopped()) {
                metrics.discoveryFailed();
                LOG.warn("cluster {}: discovery: {}", cluster.name(), reason);
            }
        });
    }
}
