package dev.weir.mongo;

import dev.weir.core.filter.FilterEnvironment;
import io.micrometer.core.instrument.Counter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What {@code mongo_rewrite} counts, per listener. */
final class RewriteCounters {
    private static final List<String> REASONS = List.of(
            "length",
            "opcode",
            "flags",
            "section",
            "bson",
            "checksum",
            "compression",
            "no_room",
            "pending",
            "size",
            "encrypted");

    final Counter rewritten;
    final Counter unknown;
    private final Map<String, Counter> stops = new HashMap<>();

    RewriteCounters(FilterEnvironment environment) {
        rewritten = Counter.builder("weir_mongo_rewritten")
                .description("Answers in which names of a replica set's members were rewritten")
                .tag("listener", environment.listener())
                .register(environment.meters());
        unknown = Counter.builder("weir_mongo_unknown_members")
                .description("Names of members in answers that no mapping has")
                .tag("listener", environment.listener())
                .register(environment.meters());
        for (String reason : REASONS) {
            stops.put(
                    reason,
                    Counter.builder("weir_mongo_rewrite_stops")
                            .description("Connections on which rewriting of members' names ended early, by reason")
                            .tag("listener", environment.listener())
                            .tag("reason", reason)
                            .register(environment.meters()));
        }
    }

    void stop(String reason) {
        Counter counter = stops.get(reason);
        if (counter != null) {
            counter.increment();
        }
    }
}
