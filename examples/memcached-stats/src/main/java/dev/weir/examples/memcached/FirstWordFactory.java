package dev.weir.examples.memcached;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.FilterFactory;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;
import io.micrometer.core.instrument.Counter;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The filter {@code first_word}: a client must begin with one of certain words, or the upstream is not even connected.
 * Keeps scanners, and browsers that were tricked into speaking to a port of yours, away from servers with text protocols.
 */
public final class FirstWordFactory implements FilterFactory {
    /** For ServiceLoader. */
    public FirstWordFactory() {}

    @Override
    public String type() {
        return "first_word";
    }

    @Override
    public PerLoop<NetworkFilter> configure(ConfigNode config, FilterEnvironment environment) {
        Set<String> allowed = new LinkedHashSet<>();
        List<ConfigNode> words = config.required("allow").elements();
        for (ConfigNode word : words) {
            String text = word.text();
            if (!text.matches("[!-~]{1," + FirstWordFilter.LONGEST + "}")) {
                word.error("\"" + text + "\" (expected: a word of at most " + FirstWordFilter.LONGEST + " characters)");
            }
            allowed.add(text);
        }
        if (words.isEmpty()) {
            config.error("allow", "empty (expected: at least one word)");
        }
        String answer = config.string("answer", "ERROR\r\n");
        Duration timeout = config.duration("timeout", Duration.ofSeconds(5));
        Counter refused = Counter.builder("weir.first.word.refused")
                .description("Connections closed as they began with a word that is not allowed")
                .tag("listener", environment.listener())
                .register(environment.meters());
        var rules = new FirstWordFilter.Rules(Set.copyOf(allowed), answer == null ? "" : answer, timeout, refused);
        return PerLoop.always(connection -> new FirstWordFilter(rules));
    }
}
