package dev.weir.core.builtin;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.protocol.CommandPolicy.Decision;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** The faults of whole connections that a filter {@code fault} makes when they are opened. Immutable. */
final class ConnectionFaults {
    /**
     * One of them.
     *
     * @param client of whom
     * @param fault how often, and its delay
     * @param close whether the connection is closed then
     */
    record Rule(ClientScope client, FaultRule fault, boolean close) {}

    private final List<Rule> rules;

    private ConnectionFaults(List<Rule> rules) {
        this.rules = List.copyOf(rules);
    }

    static ConnectionFaults read(ConfigNode config, RuleNames names, FilterEnvironment environment) {
        List<Rule> rules = new ArrayList<>();
        for (ConfigNode node : RuleNames.rules(config, "connections")) {
            String name = names.next(node);
            Duration delay = FaultRule.delay(node);
            boolean close = node.bool("close", false);
            if (!close && delay.isZero()) {
                node.error("no fault given (expected: delay, close: true, or both)");
            }
            String kind = !close ? "delay" : delay.isZero() ? "close" : "delay_close";
            ClientScope client = ClientScope.read(node, false);
            FaultRule fault = new FaultRule(
                    FaultRule.share(node), delay, Decision.ALLOW, FaultRule.counter(environment, name, kind));
            node.rejectUnknown();
            rules.add(new Rule(client, fault, close));
        }
        return new ConnectionFaults(rules);
    }

    boolean isEmpty() {
        return rules.isEmpty();
    }

    /** The fault for {@code connection}, already counted, with its place among the active ones if it lasts; or null. */
    @Nullable
    Rule hit(Connection connection, SplittableRandom random, ActiveFaults active) {
        for (Rule rule : rules) {
            if (rule.client.holds(connection)
                    && rule.fault.hits(random)
                    && (rule.fault.delay().isZero() || active.enter())) {
                rule.fault.injected().increment();
                return rule;
            }
        }
        return null;
    }
}
