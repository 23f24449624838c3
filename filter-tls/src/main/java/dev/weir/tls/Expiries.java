package dev.weir.tls;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.HashMap;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Gauges of when certificates end. A registry keeps the object that a gauge was first registered with, and at a reload two configurations have the same one for a
 * while: so they are counted, by registry and labels.
 */
final class Expiries {
    private static final Map<MeterRegistry, Map<Tags, Shown>> ALL = new WeakHashMap<>();

    private Expiries() {}

    /** One gauge, with those that want it. */
    static final class Shown {
        private final MeterRegistry registry;
        private final Tags tags;
        private final AtomicLong end = new AtomicLong();
        private final Gauge gauge;
        private int users;

        private Shown(MeterRegistry registry, Tags tags) {
            this.registry = registry;
            this.tags = tags;
            this.gauge = Gauge.builder("weir.tls.certificate.expiry.timestamp", end, AtomicLong::get)
                    .description("When a certificate ends, in seconds since 1970")
                    .baseUnit("seconds")
                    .strongReference(true)
                    .tags(tags)
                    .register(registry);
        }

        /** One less wants it. */
        void close() {
            synchronized (ALL) {
                if (--users == 0) {
                    registry.remove(gauge);
                    Map<Tags, Shown> shown = ALL.get(registry);
                    if (shown != null) {
                        shown.remove(tags);
                    }
                }
            }
        }
    }

    static Shown show(MeterRegistry registry, Tags tags, long epochSeconds) {
        synchronized (ALL) {
            Shown shown = ALL.computeIfAbsent(registry, r -> new HashMap<>())
                    .computeIfAbsent(tags, t -> new Shown(registry, t));
            shown.users++;
            shown.end.set(epochSeconds);
            return shown;
        }
    }
}
