package dev.weir.core.ratelimit;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.Names;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.protocol.CommandChoice;
import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.core.protocol.KnownCommands;
import dev.weir.core.ratelimit.DescriptorPlan.Part;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads the limits of one filter, those of connections or those of commands. */
final class LimitReader {
    /** More would make each command dear, and their marks do not fit into a word. */
    private static final int MAX_LIMITS = 32;

    private static final int MAX_DESCRIPTORS = 16;
    private static final Duration MAX_DELAY = Duration.ofSeconds(10);
    private static final Duration DEFAULT_DELAY = Duration.ofSeconds(1);

    /** Where the buckets of a limit come from. */
    interface BucketSource {
        Buckets of(ConfigNode limit, Scope scope, BucketShape shape);
    }

    private final FilterEnvironment environment;
    /** Of limits of commands; null for those of connections. */
    private final @Nullable KnownCommands known;

    private final Decision.Deny error;
    private final BucketSource bucketSource;
    private final Map<Scope, LimitMetrics> metrics = new EnumMap<>(Scope.class);

    LimitReader(
            FilterEnvironment environment,
            @Nullable KnownCommands known,
            Decision.Deny error,
            BucketSource bucketSource) {
        this.environment = environment;
        this.known = known;
        this.error = error;
        this.bucketSource = bucketSource;
    }

    /** Reads the list at {@code key}; {@code asked} tells whether there is a service to ask. */
    RateLimitPlan.Limits read(ConfigNode config, String key, boolean asked) {
        List<LocalLimit> local = new ArrayList<>();
        List<GlobalLimit> global = new ArrayList<>();
        List<ConfigNode> nodes = config.list(key);
        if (nodes.size() > MAX_LIMITS) {
            config.error(key, nodes.size() + " limits (expected: at most " + MAX_LIMITS + ")");
        }
        int descriptors = 0;
        for (ConfigNode node : nodes) {
            if (node.has("descriptors")) {
                if (!asked) {
                    node.error("descriptors", "nobody to ask (expected: a section \"global\" in this filter)");
                }
                GlobalLimit limit = global(node);
                descriptors += limit.descriptors().size();
                global.add(limit);
            } else {
                local.add(local(node));
            }
            node.rejectUnknown();
        }
        if (descriptors > MAX_DESCRIPTORS) {
            config.error(key, descriptors + " descriptors (expected: at most " + MAX_DESCRIPTORS + ")");
        }
        return new RateLimitPlan.Limits(local.toArray(LocalLimit[]::new), List.copyOf(global));
    }

    private LimitMetrics metrics(Scope scope) {
        return metrics.computeIfAbsent(scope, s -> new LimitMetrics(environment, known != null, s));
    }

    // ---- local

    private LocalLimit local(ConfigNode node) {
        List<String> scopes = known == null ? List.of("listener", "client") : List.of("listener", "client", "user");
        String per = node.oneOf("per", "", scopes);
        if (!node.has("per")) {
            node.error(
                    "per", "missing (expected: " + String.join(", ", scopes) + ", or descriptors for a global limit)");
        }
        Scope scope = per.isEmpty() ? Scope.LISTENER : Scope.valueOf(per.toUpperCase(Locale.ROOT));
        if (scope == Scope.USER && known != null && !known.set().tellsUsers()) {
            node.error(
                    "per",
                    "\"user\" (expected: listener or client, as " + known.protocol()
                            + " does not tell for sure who has logged in)");
        }
        Rate rate = node.required("rate").as(Rate::parse, new Rate(1, 1_000_000_000));
        long most = BucketShape.maxBurst(rate);
        long second = Math.max(1, rate.tokens() * 1_000_000_000L / rate.periodNanos());
        long burst = node.integer("burst", Math.min(second, most), 1, 1_000_000_000);
        if (burst > most) {
            node.error("burst", burst + " (expected: at most " + most + ", as a bucket has to fill within 30 days)");
        }
        BucketShape shape = new BucketShape(rate, Math.min(burst, most));
        Action action = action(node, "delay");
        long delay = maxDelay(node, action);
        boolean tellsWhen = known != null && known.inTerminal();
        LocalLimit.Rule rule = new LocalLimit.Rule(scope, action, delay, node.bool("shadow", false), tellsWhen);
        return new LocalLimit(rule, cover(node), bucketSource.of(node, scope, shape), metrics(scope), error);
    }

    private Action action(ConfigNode node, String other) {
        if (known == null) {
            return Action.DENY;
        }
        List<String> valid = other.isEmpty() ? List.of("deny", "close") : List.of("deny", other, "close");
        return Action.valueOf(node.oneOf("action", "deny", valid).toUpperCase(Locale.ROOT));
    }

    private static long maxDelay(ConfigNode node, Action action) {
        if (action != Action.DELAY) {
            return 0;
        }
        Duration delay = node.duration("max_delay", DEFAULT_DELAY);
        if (delay.isZero() || delay.compareTo(MAX_DELAY) > 0) {
            node.error("max_delay", "\"" + node.string("max_delay", "") + "\" (expected: more than 0, at most 10s)");
        }
        return delay.toNanos();
    }

    private Cover cover(ConfigNode node) {
        return known != null && node.has("commands")
                ? new Cover(CommandChoice.read(node, "commands", known))
                : Cover.ALL;
    }

    // ---- global

    private GlobalLimit global(ConfigNode node) {
        List<DescriptorPlan> plans = new ArrayList<>();
        for (ConfigNode descriptor : node.list("descriptors")) {
            List<Part> parts = new ArrayList<>();
            descriptor.elements().forEach(entry -> part(entry, parts));
            if (parts.isEmpty()) {
                descriptor.error("no entry (expected: a list such as [ user, command ])");
            }
            plans.add(new DescriptorPlan(List.copyOf(parts)));
        }
        if (plans.isEmpty()) {
            node.error("descriptors", "empty (expected: lists such as [ user, command ])");
        }
        LimitMetrics counters = metrics(Scope.GLOBAL);
        boolean shadow = node.bool("shadow", false);
        boolean close = action(node, "") == Action.CLOSE;
        LimitMetrics.Result refused =
                shadow ? LimitMetrics.Result.SHADOW : close ? LimitMetrics.Result.CLOSED : LimitMetrics.Result.DENIED;
        return new GlobalLimit(
                List.copyOf(plans),
                cover(node),
                shadow,
                close ? new Decision.Close(CloseReason.RATE_LIMITED, error) : error,
                counters.counter(LimitMetrics.Result.ALLOWED),
                counters.counter(refused));
    }

    /** {@code user}, or {@code { tier: gold }}. */
    private void part(ConfigNode entry, List<Part> parts) {
        if (entry.isMap()) {
            entry.entries().forEach((key, value) -> {
                if (value.isMap()) {
                    value.entries().forEach((name, argument) -> named(key, name, argument, parts));
                    return;
                }
                String text = value.text();
                if (text.isEmpty()) {
                    value.error("empty (expected: a text)");
                }
                parts.add(new Part(key, null, text));
            });
            return;
        }
        List<String> valid = new ArrayList<>(Source.labels(known != null));
        List<String> sources = List.copyOf(valid);
        attributes(false).forEach(valid::add);
        String text = entry.text();
        if (sources.contains(text)) {
            parts.add(new Part(text, Source.valueOf(text.toUpperCase(Locale.ROOT)), ""));
        } else if (valid.contains(text)) {
            parts.add(new Part(text, Source.ATTRIBUTE, text));
        } else {
            entry.error("\"" + text + "\"" + Names.suggest(text, valid));
        }
    }

    /** {@code { tenant: { request_header: x-tenant } }}: what a command has by that name, under the key {@code tenant}. */
    private void named(String key, String attribute, ConfigNode argument, List<Part> parts) {
        List<String> valid = attributes(true).toList();
        String name = argument.text().toLowerCase(Locale.ROOT);
        if (!valid.contains(attribute)) {
            argument.error("\"" + attribute + "\""
                    + (valid.isEmpty() ? " (expected: a text)" : Names.suggest(attribute, valid)));
        } else if (name.isBlank()) {
            argument.error("empty (expected: a name)");
        } else {
            parts.add(new Part(key, Source.ATTRIBUTE, attribute + ":" + name));
        }
    }

    /** What commands of a terminal have beside what all have, with or without a name of its own; sorted. */
    private Stream<String> attributes(boolean named) {
        Stream<String> all = known == null ? Stream.of() : known.set().attributes().stream();
        return all.filter(each -> each.endsWith(":") == named)
                .map(each -> named ? each.substring(0, each.length() - 1) : each)
                .sorted();
    }
}
