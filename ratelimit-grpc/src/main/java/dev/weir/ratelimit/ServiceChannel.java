package dev.weir.ratelimit;

import dev.weir.core.cluster.Endpoint;
import dev.weir.core.config.Address;
import dev.weir.core.ratelimit.RateLimitService.Reply;
import dev.weir.core.ratelimit.RateLimitService.Settings;
import dev.weir.core.tls.TlsClient;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.util.concurrent.EventExecutor;
import java.util.concurrent.TimeUnit;

/** A channel of gRPC to one endpoint: one HTTP/2 connection, made at the first call. */
final class ServiceChannel {
    /** Longest answer that is read. */
    private static final int MAX_ANSWER = 64 << 10;

    private static final MethodDescriptor<RateLimitMessages.Request, Reply> SHOULD_RATE_LIMIT =
            MethodDescriptor.<RateLimitMessages.Request, Reply>newBuilder()
                    .setType(MethodDescriptor.MethodType.UNARY)
                    .setFullMethodName("envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit")
                    .setRequestMarshaller(RateLimitMessages.REQUEST)
                    .setResponseMarshaller(RateLimitMessages.REPLY)
                    .build();

    final Endpoint endpoint;
    /** Whether its last question had no answer in time, and since when that is so. */
    boolean silent;

    long silentSince;
    /** Whether it has ever answered. */
    boolean answered;
    /** No more questions are sent on it. */
    boolean retired;

    private final ManagedChannel channel;
    private final CallOptions options;
    private final long timeout;

    ServiceChannel(Endpoint endpoint, Settings settings, EventExecutor loop) {
        this.endpoint = endpoint;
        this.timeout = settings.timeout().toNanos();
        // Callbacks come on the loop that asks: all of a question is decided there.
        this.options = CallOptions.DEFAULT.withExecutor(loop);
        Address address = endpoint.address();
        TlsClient tls = settings.cluster().tls();
        NettyChannelBuilder builder = NettyChannelBuilder.forAddress(address.host(), address.port());
        if (tls != null) {
            builder.eventLoopGroup(SecuredSockets.loops()).channelFactory(new SecuredSockets(endpoint, tls));
        }
        this.channel = builder.usePlaintext() // TLS, where there is some, lies below
                .userAgent("weir")
                .disableRetry()
                .disableServiceConfigLookUp()
                .maxInboundMessageSize(MAX_ANSWER)
                .proxyDetector(anywhere -> null)
                .withOption(ChannelOption.ALLOCATOR, ByteBufAllocator.DEFAULT)
                .withOption(
                        ChannelOption.CONNECT_TIMEOUT_MILLIS, settings.cluster().connectTimeoutMillis())
                .build();
    }

    ClientCall<RateLimitMessages.Request, Reply> call() {
        return channel.newCall(SHOULD_RATE_LIMIT, options.withDeadlineAfter(timeout, TimeUnit.NANOSECONDS));
    }

    /** Calls under way may end. */
    void retire() {
        retired = true;
        channel.shutdown();
    }

    /** Calls under way fail. */
    void close() {
        retired = true;
        channel.shutdownNow();
    }
}
