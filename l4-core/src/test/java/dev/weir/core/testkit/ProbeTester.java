package dev.weir.core.testkit;

import dev.weir.core.cluster.HealthCheck;
import dev.weir.core.cluster.HealthCheck.Health;
import dev.weir.core.config.Address;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Lets a probe ask a port of this machine once, with a socket that has no cluster behind it. */
public final class ProbeTester {
    private ProbeTester() {}

    /** What it finds there. */
    public static Health check(HealthCheck.Probe probe, int port, Duration timeout) throws Exception {
        MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        try {
            EventLoop loop = group.next();
            return loop.submit(() -> probe.check(new Local(loop, port, timeout)))
                    .get(90, TimeUnit.SECONDS)
                    .get(90, TimeUnit.SECONDS);
        } finally {
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    private record Local(EventLoop loop, int port, Duration timeout) implements HealthCheck.Target {
        @Override
        public Address address() {
            return new Address("127.0.0.1", port);
        }

        @Override
        public ChannelFuture connect(ChannelHandler handler) {
            return new Bootstrap()
                    .group(loop)
                    .channelFactory(NioSocketChannel::new)
                    .handler(handler)
                    .connect("127.0.0.1", port);
        }
    }
}
