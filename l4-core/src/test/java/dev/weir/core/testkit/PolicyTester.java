package dev.weir.core.testkit;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigException;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.Command;
import dev.weir.core.protocol.CommandPolicies;
import dev.weir.core.protocol.KnownCommands;
import dev.weir.core.protocol.PolicyGate;
import io.micrometer.core.instrument.Counter;
import io.netty.channel.embedded.EmbeddedChannel;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The list {@code policies} of a terminal, and connections on a loop whose time the test sets. */
public final class PolicyTester {
    /** Where the policies find themselves. */
    public final FakeEnvironment environment = new FakeEnvironment();

    private final EmbeddedChannel channel = new EmbeddedChannel();

    /** Without policies yet. */
    public PolicyTester() {
        channel.freezeTime();
        environment.loop(channel.eventLoop());
    }

    /**
     * Reads {@code policies} in the way of a terminal.
     *
     * @throws ConfigException if there is a problem
     */
    public <T> T read(List<? extends Map<String, ?>> policies, Function<ConfigNode, T> reader) {
        ConfigErrors errors = new ConfigErrors();
        ConfigNode node = ConfigNode.of(Map.of("policies", policies), errors);
        T read = reader.apply(node);
        node.rejectUnknown();
        errors.throwIfAny("test");
        return read;
    }

    /** What the connections of the loop get, for commands that are {@code known}. */
    @SafeVarargs
    @SuppressWarnings("varargs") // only read
    public final PerLoop.PerConnection<PolicyGate> gates(KnownCommands known, Map<String, ?>... policies) {
        PerLoop<PolicyGate> gates =
                read(List.of(policies), node -> CommandPolicies.read(node, "policies", known, environment));
        if (gates == null) {
            throw new IllegalStateException("no policy");
        }
        return gates.onLoop(environment);
    }

    /** The problems of such a list. */
    public static List<String> problems(KnownCommands known, Map<String, ?> policy) {
        try {
            new PolicyTester().gates(known, policy);
            return List.of();
        } catch (ConfigException e) {
            return e.problems().stream().map(String::valueOf).toList();
        }
    }

    /** A connection on the loop. */
    public FakeConnection connection() {
        return new FakeConnection(channel.eventLoop());
    }

    /** What time it is. */
    public long nanos() {
        return environment.clock().nanoTime();
    }

    /** Lets time pass; timers fire. */
    public void advance(Duration time) {
        environment.clock().advance(time.toNanos());
        channel.advanceTimeBy(time.toNanos(), TimeUnit.NANOSECONDS);
        channel.runScheduledPendingTasks();
    }

    /** Whether there are timers that are to fire some time. */
    public boolean waits() {
        return channel.runScheduledPendingTasks() >= 0;
    }

    /** The counters of a name that are not 0, by the tags {@code keys}. */
    public Map<String, Integer> counts(String name, String... keys) {
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

    /**
     * A command of that name.
     *
     * @param name what it is called
     * @param user who asks for it
     * @param kind what it does
     * @param attributes what else there is
     */
    public record Asked(String name, @Nullable String user, Kind kind, Map<String, String> attributes)
            implements Command {
        /** One that writes. */
        public Asked(String name) {
            this(name, null, Kind.WRITE, Map.of());
        }

        @Override
        public @Nullable String namespace() {
            return null;
        }

        @Override
        public boolean readOnly() {
            return kind == Kind.READ;
        }

        @Override
        public @Nullable String attribute(String attribute) {
            return attributes.get(attribute);
        }
    }
}
