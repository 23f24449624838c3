package dev.weir.core.net;

import dev.weir.core.cluster.Discovery;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.cluster.HealthCheck;
import dev.weir.core.cluster.LoadBalancer;
import dev.weir.core.exchange.DurationFamily;
import dev.weir.core.exchange.ExchangeSinks;
import dev.weir.core.filter.FilterFactory;
import dev.weir.core.filter.TerminalFactory;
import dev.weir.core.protocol.PolicyFactory;
import dev.weir.core.protocol.Protocol;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Everything that was found by {@link ServiceLoader}, by the name users write. Immutable. */
public final class Extensions implements ExchangeSinks.Protocols {
    private final Map<String, FilterFactory> filters;
    private final Map<String, TerminalFactory> terminals;
    private final Map<String, Protocol> protocols;
    private final Map<String, Protocol> sniffers;
    private final Map<String, LoadBalancer> balancers;
    private final Map<String, HealthCheck> healthChecks;
    private final Map<String, Discovery> discoveries;

    private final ClassLoader loader;
    private final Map<Class<?>, List<?>> others = new ConcurrentHashMap<>();

    private Extensions(ClassLoader loader) {
        this.loader = loader;
        filters = load(FilterFactory.class, loader, FilterFactory::type);
        terminals = load(TerminalFactory.class, loader, TerminalFactory::type);
        protocols = load(Protocol.class, loader, Protocol::name);
        balancers = load(LoadBalancer.class, loader, LoadBalancer::name);
        healthChecks = load(HealthCheck.class, loader, HealthCheck::type);
        discoveries = load(Discovery.class, loader, Discovery::type);
        sniffers = new TreeMap<>();
        protocols.values().forEach(p -> put(sniffers, p.statsFilter(), p));
        sniffers.keySet().forEach(type -> reject(type, filters.containsKey(type)));
        reject(
                Sniffers.AUTO,
                filters.containsKey(Sniffers.AUTO)
                        || sniffers.containsKey(Sniffers.AUTO)
                        || terminals.containsKey(Sniffers.AUTO));
        terminals.keySet().forEach(type -> reject(type, filters.containsKey(type) || sniffers.containsKey(type)));
    }

    /**
     * Searches all.
     *
     * @throws IllegalStateException if one cannot be loaded, or two have the same name; says which
     */
    public static Extensions load(ClassLoader loader) {
        return new Extensions(loader);
    }

    private static <T> Map<String, T> load(Class<T> service, ClassLoader loader, Function<T, String> name) {
        Map<String, T> found = new TreeMap<>();
        try {
            for (T one : ServiceLoader.load(service, loader)) {
                put(found, name.apply(one), one);
            }
        } catch (ServiceConfigurationError e) {
            throw new IllegalStateException("cannot load an extension: " + e.getMessage(), e);
        }
        return found;
    }

    private static <T> void put(Map<String, T> found, String name, T one) {
        T other = found.putIfAbsent(name, one);
        if (other != null) {
            throw new IllegalStateException("two extensions are named \"" + name + "\": "
                    + other.getClass().getName() + " and " + one.getClass().getName());
        }
    }

    private static void reject(String type, boolean taken) {
        if (taken) {
            throw new IllegalStateException("two extensions are named \"" + type + "\"");
        }
    }

    /** All of a kind that the core itself does not ask for; searched at the first call. */
    <T> List<T> others(Class<T> kind) {
        List<T> typed = new ArrayList<>();
        others.computeIfAbsent(kind, k -> find(kind)).forEach(each -> typed.add(kind.cast(each)));
        return typed;
    }

    private <T> List<T> find(Class<T> kind) {
        List<T> found = new ArrayList<>();
        try {
            ServiceLoader.load(kind, loader).forEach(found::add);
        } catch (ServiceConfigurationError e) {
            throw new IllegalStateException("cannot load an extension: " + e.getMessage(), e);
        }
        return List.copyOf(found);
    }

    Map<String, FilterFactory> filters() {
        return filters;
    }

    /** The filters whose decisions about commands terminals can ask for. */
    List<PolicyFactory> policies() {
        List<PolicyFactory> policies = new ArrayList<>();
        for (FilterFactory filter : filters.values()) {
            if (filter instanceof PolicyFactory policy) {
                policies.add(policy);
            }
        }
        return policies;
    }

    Map<String, TerminalFactory> terminals() {
        return terminals;
    }

    /** Protocols by the type of their sniffing filter. */
    Map<String, Protocol> sniffers() {
        return sniffers;
    }

    Map<String, HealthCheck> healthChecks() {
        return healthChecks;
    }

    Map<String, Discovery> discoveries() {
        return discoveries;
    }

    Map<String, LoadBalancer> balancers() {
        return balancers;
    }

    /** Itself where nobody knows it. */
    @Override
    public String systemName(String protocol) {
        Protocol known = protocol(protocol);
        return known == null ? protocol : known.systemName(protocol);
    }

    @Override
    public DurationFamily durations(String protocol) {
        Protocol known = protocol(protocol);
        return known == null ? DurationFamily.DB_CLIENT : known.durations();
    }

    @Override
    public Function<String, Endpoint.Outcome> outcomes(String protocol) {
        Protocol known = protocol(protocol);
        return known == null ? error -> Endpoint.Outcome.SUCCESS : known::outcome;
    }

    /** By the name that exchanges carry. */
    private @Nullable Protocol protocol(String name) {
        Protocol known = protocols.get(name);
        return known != null
                ? known
                : protocols.values().stream()
                        .filter(one -> one.aliases().contains(name))
                        .findFirst()
                        .orElse(null);
    }

    /** All protocols. */
    public Collection<Protocol> protocols() {
        return protocols.values();
    }
}
