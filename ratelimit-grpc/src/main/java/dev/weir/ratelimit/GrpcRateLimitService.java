package dev.weir.ratelimit;

import dev.weir.core.filter.WireClock;
import dev.weir.core.ratelimit.RateLimitService;
import io.netty.channel.EventLoop;

/** {@code envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit}, asked over HTTP/2 from each event loop. */
public final class GrpcRateLimitService implements RateLimitService {
    /** For ServiceLoader. */
    public GrpcRateLimitService() {}

    @Override
    public Client open(Settings settings, EventLoop loop, WireClock clock) {
        return new GrpcClient(settings, loop, clock);
    }
}
