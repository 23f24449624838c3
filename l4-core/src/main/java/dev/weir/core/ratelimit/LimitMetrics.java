package dev.weir.core.ratelimit;

import dev.weir.core.filter.FilterEnvironment;
import io.micrometer.core.instrument.Counter;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/** Counters of the limits of one scope, of connections or of commands. */
final class LimitMetrics {
    /** How a limit decided. */
    enum Result {
        ALLOWED,
        DELAYED,
        DENIED,
        CLOSED,
        /** It would have delayed, denied or closed, but only watches. */
        SHADOW
    }

    private final Map<Result, Counter> results = new EnumMap<>(Result.class);
    private final Counter overflow;

    LimitMetrics(FilterEnvironment environment, boolean commands, Scope scope) {
        for (Result result : Result.values()) {
            results.put(
                    result,
                    Counter.builder("weir_rate_limit_decisions")
                            .description("Decisions of rate limits")
                            .tag("listener", environment.listener())
                            .tag("of", commands ? "commands" : "connections")
                            .tag("scope", scope.label())
                            .tag("result", result.name().toLowerCase(Locale.ROOT))
                            .register(environment.meters()));
        }
        overflow = Counter.builder("weir_rate_limit_overflow")
                .description("Connections that share a bucket because there was no place for one of their own")
                .tag("listener", environment.listener())
                .tag("of", commands ? "commands" : "connections")
                .tag("scope", scope.label())
                .register(environment.meters());
    }

    Counter counter(Result result) {
        Counter counter = results.get(result);
        if (counter == null) {
            throw new IllegalStateException("no counter for " + result);
        }
        return counter;
    }

    Counter overflow() {
        return overflow;
    }
}
