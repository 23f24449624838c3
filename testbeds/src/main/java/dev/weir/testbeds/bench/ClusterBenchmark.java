package dev.weir.testbeds.bench;

import dev.weir.core.Proxy;
import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.cluster.Exclusions;
import dev.weir.core.cluster.LoadBalancer;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.testbeds.LentCluster;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.ServiceLoader;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What it costs to choose an endpoint of a running cluster, and to prepare that for a changed set. Weights are 1, 2 and 3. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class ClusterBenchmark {
    /** The policy. */
    @Param({"round_robin", "least_request", "random", "ring_hash", "maglev", "ketama", "modula"})
    public String policy = "";

    /** How many endpoints there are. */
    @Param({"3", "100", "1000"})
    public int endpoints;

    private @Nullable Proxy proxy;
    private @Nullable Cluster cluster;
    private LoadBalancer.@Nullable Builder builder;
    private List<Endpoint> all = List.of();
    private long hash;

    /** Starts a proxy with the cluster; nothing is connected. */
    @Setup
    public void start() {
        List<Map<String, Object>> addresses = IntStream.range(0, endpoints)
                .<Map<String, Object>>mapToObj(
                        i -> Map.of("address", "10.0." + i / 250 + "." + i % 250 + ":6379", "weight", 1 + i % 3))
                .toList();
        proxy = LentCluster.start(List.of(Map.of("name", "c", "load_balancing", policy, "endpoints", addresses)));
        cluster = LentCluster.named("c");
        all = cluster.snapshot().endpoints();
        builder = ServiceLoader.load(LoadBalancer.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(one -> one.name().equals(policy))
                .findFirst()
                .orElseThrow()
                .configure(ConfigNode.of(Map.of(), new ConfigErrors()));
    }

    /** Ends it. */
    @TearDown
    public void stop() {
        Objects.requireNonNull(proxy).close();
    }

    /** For a connection or a command. */
    @Benchmark
    public @Nullable Endpoint pick() {
        // 32 bits, as twemproxy's policies have it, spread over all of them.
        hash += 0x9E3779B97F4A7C15L;
        return Objects.requireNonNull(cluster).pick(hash >>> 32, 0, Exclusions.NONE);
    }

    /** For a change of the endpoints. */
    @Benchmark
    public LoadBalancer.Picker rebuild() {
        return Objects.requireNonNull(builder).build(all, () -> 0);
    }
}
