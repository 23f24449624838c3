package dev.weir.proxy;

import dev.weir.core.config.Address;
import dev.weir.core.config.Names;
import dev.weir.core.config.Units;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a command was called with, already checked against what it takes.
 *
 * @param options values by name, {@code --admin}; flags have an empty one
 * @param operands the rest, in order
 */
record Arguments(Map<String, String> options, List<String> operands) {
    /** Where the admin server is unless it is said otherwise. */
    static final Address ADMIN = new Address("127.0.0.1", 9901);

    /** The only operand; the parser sees to it that there is one. */
    String operand() {
        return operands.get(0);
    }

    boolean flag(String name) {
        return options.containsKey(name);
    }

    @Nullable
    String text(String name) {
        return options.get(name);
    }

    /** The settings of a sniffing filter: what may be personal data is shown only where it is asked for. */
    Map<String, Object> sniffing() {
        Map<String, Object> settings = new LinkedHashMap<>();
        for (String name : List.of("keys", "statements")) {
            if (flag("--" + name)) {
                settings.put(name, true);
            }
        }
        return settings;
    }

    static Address address(String name, String value) {
        try {
            return Address.parse(value);
        } catch (IllegalArgumentException e) {
            throw new UsageException(name + ": " + e.getMessage());
        }
    }

    /** The address of the admin server of a running proxy. */
    Address admin() {
        String value = text("--admin");
        return value == null ? ADMIN : address("--admin", value);
    }

    /** A duration; zero if it is not given. */
    Duration duration(String name) {
        String value = text(name);
        try {
            return value == null ? Duration.ZERO : Units.duration(value);
        } catch (IllegalArgumentException e) {
            throw new UsageException(name + ": " + e.getMessage());
        }
    }

    /** One of {@code valid}, whose first counts if none is given. */
    String oneOf(String name, List<String> valid) {
        String value = text(name);
        if (value == null) {
            return valid.get(0);
        }
        String lower = value.toLowerCase(Locale.ROOT);
        if (!valid.contains(lower)) {
            throw new UsageException(name + ": \"" + value + "\"" + Names.suggest(lower, valid));
        }
        return lower;
    }
}
