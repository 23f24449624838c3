package dev.weir.core.builtin;

import dev.weir.core.config.ConfigNode;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** The names of the rules of one filter, which are labels of its metrics: the key {@code name}, or {@code rule_N} from 1. */
final class RuleNames {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]{1,64}");

    private final Set<String> taken = new HashSet<>();
    private int count;

    /** The rules at {@code key}; more than there may be are reported. */
    static List<ConfigNode> rules(ConfigNode config, String key) {
        List<ConfigNode> rules = config.list(key);
        if (rules.size() > CommandRules.MOST) {
            config.error(key, rules.size() + " rules (expected: at most " + CommandRules.MOST + ")");
            return rules.subList(0, CommandRules.MOST);
        }
        return rules;
    }

    /** The name of the next rule. */
    String next(ConfigNode rule) {
        count++;
        String name = rule.string("name", "rule_" + count);
        if (name == null || !NAME.matcher(name).matches() || name.startsWith("_")) {
            rule.error("name", "\"" + name + "\" (expected: 1 to 64 letters, digits, _ . -, not _ first)");
        } else if (!taken.add(name)) {
            rule.error("name", "\"" + name + "\" is the name of another rule (expected: a name of its own)");
        }
        return String.valueOf(name);
    }
}
