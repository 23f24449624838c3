package dev.weir.tls.stunnel;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.Units;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.FilterFactory;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;
import java.time.Duration;

/** The filter {@code half_close_timeout}: what {@code TIMEOUTclose} is in stunnel. */
public final class HalfCloseTimeoutFactory implements FilterFactory {
    private static final Duration MOST = Duration.ofDays(365);

    /** For ServiceLoader. */
    public HalfCloseTimeoutFactory() {}

    @Override
    public String type() {
        return "half_close_timeout";
    }

    @Override
    public PerLoop<NetworkFilter> configure(ConfigNode config, FilterEnvironment environment) {
        Duration timeout = config.duration("timeout", Duration.ofMinutes(1));
        if (timeout.isNegative() || timeout.compareTo(MOST) > 0) {
            config.error("timeout", Units.format(timeout) + " (expected: 0s..365d)");
        }
        long nanos = timeout.toNanos();
        return PerLoop.always(connection -> new HalfCloseTimeout(nanos));
    }
}
