package dev.weir.core.ratelimit;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigException;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.LimitedLines;
import dev.weir.core.testkit.FakeConnection;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.FilterTester;
import io.micrometer.core.instrument.Counter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A filter {@code rate_limit} in front of the protocol of lines, and connections that go through it. */
final class LimitBed {
    final FakeEnvironment environment = new FakeEnvironment();
    private final PerLoop.PerConnection<NetworkFilter> connections;

    private LimitBed(RateLimitFactory factory, Map<String, ?> settings, boolean tellsUsers) {
        environment.add(new LimitedLines(tellsUsers));
        ConfigErrors errors = new ConfigErrors();
        ConfigNode node = ConfigNode.of(settings, errors);
        PerLoop<NetworkFilter> configured = factory.configure(node, environment);
        node.rejectUnknown();
        errors.throwIfAny("test");
        connections = configured.onLoop(environment);
    }

    static LimitBed of(Map<String, ?> settings) {
        return new LimitBed(new RateLimitFactory(), settings, true);
    }

    /** The next configuration of the same proxy. */
    static LimitBed of(RateLimitFactory factory, Map<String, ?> settings) {
        return new LimitBed(factory, settings, true);
    }

    static LimitBed withoutUsers(Map<String, ?> settings) {
        return new LimitBed(new RateLimitFactory(), settings, false);
    }

    static LimitBed connections(Object... limits) {
        return of(Map.of("connections", List.of(limits)));
    }

    static LimitBed commands(Object... limits) {
        return of(Map.of("protocol", "lines", "commands", List.of(limits)));
    }

    /** A limit from {@code per: listener}, {@code rate: 1/s} and so on. */
    static Map<String, Object> limit(Object... keysAndValues) {
        Map<String, Object> limit = new HashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            limit.put((String) keysAndValues[i], keysAndValues[i + 1]);
        }
        return limit;
    }

    FilterTester connect() {
        return FilterTester.of(connections.create(new FakeConnection()));
    }

    /** What was counted, by the labels {@code of}, {@code scope}, {@code result}. */
    double count(String of, String scope, String result) {
        Counter counter = environment
                .meters()
                .find("weir_rate_limit_decisions")
                .tags("of", of, "scope", scope, "result", result)
                .counter();
        return counter == null ? 0 : counter.count();
    }

    /** The problems of a configuration. */
    static String problems(Map<String, ?> settings) {
        try {
            of(settings);
            return "";
        } catch (ConfigException e) {
            return String.valueOf(e.getMessage());
        }
    }
}
