package dev.weir.core.ratelimit;

import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.ratelimit.RateLimitService.Result;
import io.micrometer.core.instrument.Counter;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/** The section {@code global}: the service that is asked, and what is done without its answer. */
final class GlobalSettings {
    final RateLimitService service;
    final RateLimitService.Settings settings;
    /** Whether things go on where there is no answer. */
    final boolean allowOnFailure;

    final int hits;
    private final Map<Result, Counter> results = new EnumMap<>(Result.class);

    GlobalSettings(
            RateLimitService service,
            RateLimitService.Settings settings,
            boolean allowOnFailure,
            int hits,
            FilterEnvironment environment) {
        this.service = service;
        this.settings = settings;
        this.allowOnFailure = allowOnFailure;
        this.hits = hits;
        for (Result result : Result.values()) {
            results.put(
                    result,
                    Counter.builder("weir_rate_limit_service_answers")
                            .description("Questions to a rate limit service, by how they ended")
                            .tag("listener", environment.listener())
                            .tag("result", result.name().toLowerCase(Locale.ROOT))
                            .register(environment.meters()));
        }
    }

    void count(Result result) {
        Counter counter = results.get(result);
        if (counter != null) {
            counter.increment();
        }
    }
}
