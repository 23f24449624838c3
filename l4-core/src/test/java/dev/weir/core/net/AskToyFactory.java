package dev.weir.core.net;

import dev.weir.core.builtin.EchoFactory;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.TerminalFactory;
import java.util.Set;

/** A toy: an echo that says it produces the exchanges of {@link ToyProtocol.Ask}, or a terminal that cannot be made. */
public final class AskToyFactory implements TerminalFactory {
    @Override
    public String type() {
        return "ask_toy";
    }

    @Override
    public Set<String> produces() {
        return Set.of("ask");
    }

    @Override
    public Configured configure(ConfigNode config, FilterEnvironment environment) {
        if (config.bool("broken", false)) {
            return loop -> context -> {
                throw new IllegalStateException("a broken terminal");
            };
        }
        return new EchoFactory().configure(config, environment);
    }
}
