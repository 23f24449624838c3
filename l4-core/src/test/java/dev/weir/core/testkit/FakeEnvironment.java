package dev.weir.core.testkit;

import dev.weir.core.builtin.AccessFactory;
import dev.weir.core.builtin.FaultFactory;
import dev.weir.core.cluster.Cluster;
import dev.weir.core.compress.Inflaters;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.exchange.Exchanges;
import dev.weir.core.exchange.HotKeys;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.LoopEnvironment;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.PolicyFactory;
import dev.weir.core.protocol.Protocol;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.ratelimit.RateLimitFactory;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A process and one event loop for what is tested alone: listener {@code test}, no clusters but those added, meters of its own. */
public final class FakeEnvironment implements FilterEnvironment, LoopEnvironment {
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final FakeClock clock = new FakeClock();
    private final RecordingExchanges exchanges = new RecordingExchanges();
    private final RecordingHotKeys hotKeys = new RecordingHotKeys();
    private final List<PolicyFactory> policies =
            List.of(new AccessFactory(), new FaultFactory(), new RateLimitFactory());
    private final List<Protocol> protocols = new ArrayList<>();
    private final Map<String, Cluster> clusters = new HashMap<>();
    private final Map<Class<?>, Object> services = new HashMap<>();
    private final Inflaters inflaters = new Inflaters();
    private @Nullable EventLoop loop;

    /** Makes an environment. */
    public FakeEnvironment() {}

    /**
     * Configures the sniffing filter of {@code protocol} and makes its part of the loop.
     *
     * @throws dev.weir.core.config.ConfigException if {@code config} is wrong
     */
    public PerLoop.PerConnection<Sniffer> sniffers(Protocol protocol, Map<String, ?> config) {
        ConfigErrors errors = new ConfigErrors();
        PerLoop<Sniffer> configured = protocol.sniffer(ConfigNode.of(config, errors), this);
        errors.throwIfAny("test");
        return configured.onLoop(this);
    }

    /** The value of a counter, 0 if there is none of this name; summed over its labels. */
    public double count(String name) {
        return meters.find(name).counters().stream().mapToDouble(Counter::count).sum();
    }

    /** Makes a protocol known to {@link #protocols()}. */
    public void add(Protocol protocol) {
        protocols.add(protocol);
    }

    @Override
    public String listener() {
        return "test";
    }

    @Override
    public SimpleMeterRegistry meters() {
        return meters;
    }

    @Override
    public FakeClock clock() {
        return clock;
    }

    /** Makes a cluster known by its name. */
    public void add(Cluster cluster) {
        clusters.put(cluster.name(), cluster);
    }

    @Override
    public Cluster cluster(ConfigNode config, String key) {
        Cluster cluster = clusters.get(config.string(key));
        if (cluster == null) {
            throw new UnsupportedOperationException("no such cluster here");
        }
        return cluster;
    }

    /** Makes an extension known to {@link #services}. */
    public <T> void add(Class<T> kind, T service) {
        services.put(kind, service);
    }

    @Override
    public <T> List<T> services(Class<T> kind) {
        Object service = services.get(kind);
        return service == null ? List.of() : List.of(kind.cast(service));
    }

    @Override
    public Collection<Protocol> protocols() {
        return List.copyOf(protocols);
    }

    /** The same ones as long as this lives, as in a proxy. */
    @Override
    public Collection<PolicyFactory> policies() {
        return policies;
    }

    @Override
    public RecordingHotKeys hotKeys() {
        return hotKeys;
    }

    @Override
    public void onClose(AutoCloseable resource) {}

    @Override
    public int index() {
        return 0;
    }

    /** Sets the loop, before it is asked for. */
    public void loop(EventLoop given) {
        loop = given;
    }

    @Override
    public EventLoop loop() {
        EventLoop made = loop;
        if (made == null) {
            made = new EmbeddedChannel().eventLoop();
            loop = made;
        }
        return made;
    }

    @Override
    public Inflaters inflaters() {
        return inflaters;
    }

    @Override
    public Exchanges exchanges() {
        return exchanges;
    }

    /** Hot keys that are written down in full: no sketch, every command is in the sample. */
    public static final class RecordingHotKeys implements HotKeys {
        private final List<String> lines = new ArrayList<>();
        private boolean enabled;

        RecordingHotKeys() {}

        @Override
        public Recorder recorder(String listener, int loop, int size, double sampling) {
            enabled = true;
            return new Recorder() {
                @Override
                public boolean sample() {
                    return true;
                }

                @Override
                public int maxKeyBytes() {
                    return 64;
                }

                @Override
                public void record(
                        @Nullable String namespace,
                        byte[] key,
                        int offset,
                        int length,
                        long bytesIn,
                        long bytesOut,
                        long nanos) {
                    String text = new String(key, offset, length, StandardCharsets.UTF_8);
                    lines.add(namespace + " " + text + " " + bytesIn + " " + bytesOut + " " + nanos);
                }
            };
        }

        @Override
        public List<Row> top(Rank rank, int limit) {
            return List.of();
        }

        @Override
        public boolean enabled() {
            return enabled;
        }

        /** What was recorded: {@code namespace key bytes-in bytes-out nanos}. */
        public List<String> lines() {
            return List.copyOf(lines);
        }
    }
}
