package dev.weir.core.builtin;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigException;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.FilterFactory;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.testkit.FakeConnection;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.FilterTester;
import io.micrometer.core.instrument.Counter;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A filter configured from plain values, with the protocol {@code words}. */
final class FilterBed {
    final FakeEnvironment environment = new FakeEnvironment();
    private final FilterFactory factory;
    private final PerLoop.PerConnection<NetworkFilter> filters;

    private FilterBed(FilterFactory factory, boolean users, Map<String, ?> config) {
        this.factory = factory;
        environment.add(new WordProtocol(users));
        ConfigErrors errors = new ConfigErrors();
        ConfigNode node = ConfigNode.of(config, errors);
        PerLoop<NetworkFilter> configured = factory.configure(node, environment);
        node.rejectUnknown();
        errors.throwIfAny("test");
        filters = configured.onLoop(environment);
    }

    static FilterBed of(FilterFactory factory, Map<String, ?> config) {
        return new FilterBed(factory, true, config);
    }

    /** With rules for commands of {@code words}. */
    @SafeVarargs
    @SuppressWarnings("varargs") // only read
    static FilterBed of(FilterFactory factory, Map<String, ?>... rules) {
        return of(factory, Map.of("protocol", "words", "rules", List.of(rules)));
    }

    /** The problems of a configuration, for a protocol whose users nobody knows. */
    static List<String> problems(FilterFactory factory, Map<String, ?> config) {
        try {
            new FilterBed(factory, false, config);
            return List.of();
        } catch (ConfigException e) {
            return e.problems().stream().map(String::valueOf).toList();
        }
    }

    NetworkFilter filter() {
        return filters.create(new FakeConnection());
    }

    FilterTester connection() {
        return FilterTester.of(filter());
    }

    /** Whether one command, alone on a connection, gets through. */
    boolean lets(String command) {
        try (FilterTester tester = connection()) {
            tester.client(command + "\n");
            return tester.toUpstream().equals(command + "\n");
        }
    }

    /** The counters of a name that are not 0, by the tags {@code keys}. */
    Map<String, Integer> counts(String name, String... keys) {
        Map<String, Integer> counts = new TreeMap<>();
        for (Counter counter : environment.meters().find(name).counters()) {
            StringBuilder label = new StringBuilder();
            for (String key : keys) {
                label.append(label.isEmpty() ? "" : " ").append(counter.getId().getTag(key));
            }
            if (counter.count() > 0) {
                counts.merge(label.toString(), (int) counter.count(), Integer::sum);
            }
        }
        return counts;
    }

    @Override
    public String toString() {
        return factory.type();
    }
}
