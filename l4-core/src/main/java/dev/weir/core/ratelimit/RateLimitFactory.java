package dev.weir.core.ratelimit;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.FilterFactory;
import dev.weir.core.filter.LoopEnvironment;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.CommandGates;
import dev.weir.core.protocol.CommandPolicy;
import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.core.protocol.KnownCommands;
import dev.weir.core.protocol.PolicyFactory;
import dev.weir.core.protocol.Refusal;
import dev.weir.core.ratelimit.RateLimitService.Client;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The filter {@code rate_limit}: how many connections may come, and how many commands, for all clients of a listener, per
 * client or per user, counted here or by a service. See {@code docs/filters/rate-limit.md}.
 *
 * <p>Buckets are the one thing that outlives a configuration: a reload that does not touch a limit does not fill them.
 */
public final class RateLimitFactory implements FilterFactory, PolicyFactory {
    static final String MESSAGE = "rate limited";
    private static final int DEFAULT_TRACKED = 10_000;
    private static final int MAX_TRACKED = 1_000_000;
    private static final Duration DEFAULT_TIMEOUT = Duration.ofMillis(20);
    private static final Duration MAX_TIMEOUT = Duration.ofSeconds(10);

    private final Kept kept = new Kept();

    /** For ServiceLoader. */
    public RateLimitFactory() {}

    @Override
    public String type() {
        return "rate_limit";
    }

    /** What makes two limits the same, so that one takes over the buckets of the other. */
    private record Identity(
            String listener, String place, @Nullable Object settings, int tracked) {}

    /** What holds for all limits of a filter. */
    private record Settings(@Nullable GlobalSettings global, String message, LimitReader.BucketSource buckets) {}

    private Settings settings(ConfigNode config, FilterEnvironment environment) {
        int tracked = (int) config.integer("max_tracked", DEFAULT_TRACKED, 1, MAX_TRACKED);
        String message = config.string("message", MESSAGE);
        GlobalSettings global = config.has("global") ? global(config.section("global"), environment) : null;
        LimitReader.BucketSource buckets = (node, scope, shape) -> buckets(
                node,
                environment,
                tracked,
                () -> new Buckets(scope, shape, tracked, environment.clock().nanoTime()));
        return new Settings(global, message == null ? MESSAGE : message, buckets);
    }

    @Override
    public PerLoop<NetworkFilter> configure(ConfigNode config, FilterEnvironment environment) {
        Settings settings = settings(config, environment);
        LimitReader.BucketSource buckets = settings.buckets;
        Decision.Deny error = new Decision.Deny(null, settings.message);
        RateLimitPlan.Limits connections =
                new LimitReader(environment, null, error, buckets).read(config, "connections", config.has("global"));
        CommandGates gates = null;
        RateLimitPlan.Limits commands = new RateLimitPlan.Limits(new LocalLimit[0], List.of());
        if (config.has("commands")) {
            gates = CommandGates.read(config, environment, type(), CommandGates.Undecodable.PASS);
            if (gates == null) {
                return PerLoop.always(connection -> new NetworkFilter() {});
            }
            error = gates.refusal(Refusal.RATE_LIMITED, error.message());
            commands = new LimitReader(environment, gates.known(), error, buckets)
                    .read(config, "commands", config.has("global"));
        } else if (config.has("protocol")) {
            config.error("protocol", "without limits of commands (expected: a list \"commands\")");
        }
        if (!config.has("commands") && connections.none()) {
            config.error("no limit given (expected: connections, commands, or both)");
        }
        RateLimitPlan plan = new RateLimitPlan(connections, commands, settings.global, error);
        Queue<Runnable> closing = closing(environment);
        CommandGates cut = gates;
        return loop -> {
            Client client = client(plan, loop, closing);
            return connection -> new RateLimitFilter(
                    plan, client, cut == null ? null : cut.gate(loop, connection, new RateLimitPolicy(plan, client)));
        };
    }

    @Override
    public PerLoop<CommandPolicy> policies(ConfigNode config, KnownCommands commands, FilterEnvironment environment) {
        commands.rejectFilterKeys(config, type(), List.of("connections"));
        Settings settings = settings(config, environment);
        Decision.Deny error = commands.refusal(Refusal.RATE_LIMITED, settings.message);
        RateLimitPlan.Limits limits = new LimitReader(environment, commands, error, settings.buckets)
                .read(config, "commands", config.has("global"));
        if (limits.none()) {
            config.error("commands", "no limit given (expected: at least one)");
        }
        RateLimitPlan plan = new RateLimitPlan(
                new RateLimitPlan.Limits(new LocalLimit[0], List.of()), limits, settings.global, error);
        Queue<Runnable> closing = closing(environment);
        return loop -> {
            Client client = client(plan, loop, closing);
            return connection -> new RateLimitPolicy(plan, client);
        };
    }

    private Buckets buckets(ConfigNode node, FilterEnvironment environment, int tracked, Supplier<Buckets> fresh) {
        String place = node.path().replaceFirst("^listeners\\[\\d+]", "");
        Identity identity = new Identity(environment.listener(), place, node.plain(), tracked);
        Buckets buckets = kept.acquire(identity, fresh);
        environment.onClose(() -> kept.release(identity));
        return buckets;
    }

    /** Buckets that a configuration uses. */
    int keptBuckets() {
        return kept.size();
    }

    // ---- the service

    private static @Nullable GlobalSettings global(ConfigNode node, FilterEnvironment environment) {
        RateLimitService service = environment.services(RateLimitService.class).stream()
                .findFirst()
                .orElse(null);
        if (service == null) {
            node.error("no client for rate limit services is installed (expected: ratelimit-grpc on the class path)");
        }
        Duration timeout = node.duration("timeout", DEFAULT_TIMEOUT);
        if (timeout.isZero() || timeout.compareTo(MAX_TIMEOUT) > 0) {
            node.error("timeout", "\"" + node.string("timeout", "") + "\" (expected: more than 0, at most 10s)");
        }
        boolean allow =
                node.oneOf("failure_mode", "allow", List.of("allow", "deny")).equals("allow");
        int pending = (int) node.integer("max_pending", 1_000, 1, 100_000);
        int hits = (int) node.integer("hits_addend", 1, 1, 1_000_000);
        String domain = node.string("domain");
        RateLimitService.Settings settings =
                new RateLimitService.Settings(environment.cluster(node, "service"), domain, timeout, pending);
        node.rejectUnknown();
        return service == null ? null : new GlobalSettings(service, settings, allow, hits, environment);
    }

    /** What is to be done at the end of the configuration. */
    private static Queue<Runnable> closing(FilterEnvironment environment) {
        Queue<Runnable> closing = new ConcurrentLinkedQueue<>();
        environment.onClose(() -> closing.forEach(Runnable::run));
        return closing;
    }

    private static @Nullable Client client(RateLimitPlan plan, LoopEnvironment loop, Queue<Runnable> closing) {
        GlobalSettings global = plan.global;
        Client client = global == null ? null : global.service.open(global.settings, loop.loop(), loop.clock());
        if (client != null) {
            closing.add(() -> loop.loop().execute(client::close));
        }
        return client;
    }
}
