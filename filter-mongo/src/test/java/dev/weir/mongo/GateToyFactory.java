package dev.weir.mongo;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.FilterFactory;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.CommandGate;
import dev.weir.core.protocol.CommandPolicy;
import dev.weir.core.protocol.CommandPolicy.Decision;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A command gate as a filter, for tests through a whole proxy: {@code deny} and {@code delay} have lists of {@code {command,
 * namespace, code}}. Found by the class loader of {@link #loader} only.
 */
public final class GateToyFactory implements FilterFactory {
    /** Commands that gates have delayed. */
    static final AtomicInteger DELAYED = new AtomicInteger();

    private static final Duration DELAY = Duration.ofMillis(50);

    /** For the service loader. */
    public GateToyFactory() {}

    /** One that finds this filter besides all others; {@code folder} is empty and stays. */
    static URLClassLoader loader(Path folder) throws IOException {
        Path services = Files.createDirectories(folder.resolve("META-INF/services"));
        Files.writeString(services.resolve(FilterFactory.class.getName()), GateToyFactory.class.getName());
        return new URLClassLoader(new URL[] {folder.toUri().toURL()}, GateToyFactory.class.getClassLoader());
    }

    private record Rule(String command, String namespace, Decision decision) {}

    @Override
    public String type() {
        return "gate_toy";
    }

    @Override
    public PerLoop<NetworkFilter> configure(ConfigNode config, FilterEnvironment environment) {
        List<Rule> rules = new ArrayList<>();
        for (ConfigNode node : config.list("deny")) {
            Decision deny = new Decision.Deny(node.string("code", null), "refused by a rule");
            rules.add(new Rule(node.string("command"), node.string("namespace"), deny));
        }
        for (ConfigNode node : config.list("delay")) {
            rules.add(new Rule(node.string("command"), node.string("namespace"), new Decision.Delay(DELAY)));
        }
        CommandPolicy policy = (command, nanos) -> rules.stream()
                .filter(rule -> rule.command.equals(command.name()) && rule.namespace.equals(command.namespace()))
                .findFirst()
                .map(Rule::decision)
                .orElse(Decision.ALLOW);
        CommandPolicy counting = (command, nanos) -> {
            Decision decision = policy.decide(command, nanos);
            if (decision instanceof Decision.Delay) {
                DELAYED.incrementAndGet();
            }
            return decision;
        };
        MongoProtocol protocol = new MongoProtocol();
        return loop -> connection -> new CommandGate(protocol.framer(connection, loop.inflaters()), counting, false);
    }
}
