package dev.weir.proxy;

import dev.weir.core.config.Address;
import dev.weir.core.config.Units;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** Options that several commands share, made by hand: annotations would be read by reflection at each start. */
final class Options {
    /** Where the admin server is unless it is said otherwise. */
    static final Address ADMIN = new Address("127.0.0.1", 9901);

    private Options() {}

    /** A command with {@code --help}. */
    static CommandSpec command(String name, String... description) {
        CommandSpec spec = CommandSpec.create().name("weir " + name);
        spec.usageMessage().description(description).sortOptions(false);
        spec.addOption(OptionSpec.builder("-h", "--help")
                .usageHelp(true)
                .description("Shows this help.")
                .build());
        return spec;
    }

    static void value(CommandSpec spec, String name, String label, boolean required, String description) {
        spec.addOption(OptionSpec.builder(name)
                .paramLabel(label)
                .type(String.class)
                .arity("1")
                .required(required)
                .description(description)
                .build());
    }

    static void flag(CommandSpec spec, String name, String description) {
        spec.addOption(OptionSpec.builder(name)
                .type(boolean.class)
                .arity("0")
                .description(description)
                .build());
    }

    static void operand(CommandSpec spec, String label, String description) {
        spec.addPositional(PositionalParamSpec.builder()
                .index("0")
                .arity("1")
                .paramLabel(label)
                .type(String.class)
                .required(true)
                .description(description)
                .build());
    }

    static @Nullable String text(ParseResult options, String name) {
        return options.hasMatchedOption(name) ? options.matchedOptionValue(name, "") : null;
    }

    static String operand(ParseResult options) {
        return options.matchedPositionalValue(0, "");
    }

    static boolean flag(ParseResult options, String name) {
        return options.hasMatchedOption(name);
    }

    static Address address(String name, String value) {
        try {
            return Address.parse(value);
        } catch (IllegalArgumentException e) {
            throw new UsageException(name + ": " + e.getMessage());
        }
    }

    /** The address of the admin server of a running proxy. */
    static Address admin(ParseResult options) {
        String value = text(options, "--admin");
        return value == null ? ADMIN : address("--admin", value);
    }

    /** A duration; zero if it is not given. */
    static Duration duration(ParseResult options, String name) {
        String value = text(options, name);
        try {
            return value == null ? Duration.ZERO : Units.duration(value);
        } catch (IllegalArgumentException e) {
            throw new UsageException(name + ": " + e.getMessage());
        }
    }

    /** One of {@code valid}, whose first counts if none is given. */
    static String oneOf(ParseResult options, String name, java.util.List<String> valid) {
        String value = text(options, name);
        if (value == null) {
            return valid.get(0);
        }
        String lower = value.toLowerCase(Locale.ROOT);
        if (!valid.contains(lower)) {
            throw new UsageException(name + ": \"" + value + "\"" + dev.weir.core.config.Names.suggest(lower, valid));
        }
        return lower;
    }
}
