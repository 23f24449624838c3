package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.FilterFactory;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code weir run --takeover} with real processes, a real Redis and clients that forgive nothing. */
class TakeoverIT {
    /** In {@code mvn verify} as many as fit; {@code -Dweir.takeovers=100} for the full number. */
    private static final int TAKEOVERS = Integer.getInteger("weir.takeovers", 6);

    @TempDir
    Path folder;

    private Path write(String text) throws IOException {
        return Files.writeString(folder.resolve("weir.yaml"), text);
    }

    private Address unix(String name) {
        return new Address(folder.resolve(name).toString(), -1);
    }

    private String config(int loops, Address redis, String more) {
        String filters = "filters: [ { type: redis_stats }, { type: tcp_proxy, cluster: c } ]";
        return """
                event_loops: %d
                drain_timeout: 20s
                admin: { address: "127.0.0.1:0" }
                access_log: { path: %s }
                listeners:
                  - { name: tcp, address: "127.0.0.1:0", %s }
                  - { name: local, address: "%s", %s }
                %s
                clusters: [ { name: c, endpoints: [ "%s" ] } ]
                """.formatted(loops, folder.resolve("exchanges"), filters, unix("weir.sock"), filters, more, redis);
    }

    private WeirProcess start(Path file, String... options) throws IOException {
        return start(System.getProperty("java.class.path"), file, options);
    }

    private WeirProcess start(String classPath, Path file, String... options) throws IOException {
        String[] arguments = new String[2 + options.length];
        arguments[0] = "run";
        arguments[1] = file.toString();
        System.arraycopy(options, 0, arguments, 2, options.length);
        return WeirProcess.start(classPath, Map.of("XDG_RUNTIME_DIR", folder.toString()), arguments);
    }

    @Test
    void losesNothing() throws Exception {
        String more = "  - { name: more, address: \"127.0.0.1:0\", filters: [ { type: echo } ] }";
        Deque<WeirProcess> processes = new ArrayDeque<>();
        try (EmbeddedRedis redis = EmbeddedRedis.start();
                RedisLoad load = new RedisLoad()) {
            WeirProcess newest = start(write(config(2, redis.address(), "")));
            processes.add(newest);
            Address tcp = newest.address("tcp");
            Address admin = newest.address("admin");
            load.comeAndGo(tcp, 4).comeAndGo(unix("weir.sock"), 1).stay(tcp, 2).stay(unix("weir.sock"), 1);

            for (int i = 0; i < TAKEOVERS && load.failures().isEmpty(); i++) {
                long before = load.shortConnections();
                Path file = write(config(1 + i % 3, redis.address(), i % 2 == 0 ? more : ""));
                WeirProcess next = start(file, "--takeover");
                processes.add(next);
                assertThat(next.awaitErr("took over from process ")).endsWith(" " + newest.pid());
                assertThat(next.address("tcp")).isEqualTo(tcp);
                assertThat(next.address("admin")).isEqualTo(admin);
                assertThat(new AdminClient(admin).send("GET", "/ready").body()).isEqualTo("ready\n");
                WeirProcess.await(() -> load.shortConnections() > before + 50
                        || !load.failures().isEmpty());
                newest = next;
                if (processes.size() > 3) { // up to two drain while the next one comes
                    assertThat(processes.remove().exitCode()).isZero();
                }
            }

            load.end();
            System.out.println(TAKEOVERS + " takeovers: " + load.report());
            assertThat(load.failures()).isEmpty();
            newest.signal("TERM");
            for (WeirProcess process : processes) {
                assertThat(process.exitCode())
                        .as("standard error %s", process.err())
                        .isZero();
            }
            assertThat(Path.of(unix("weir.sock").host())).doesNotExist();
            assertThat(folder.resolve("weir")).isEmptyDirectory();
        } finally {
            processes.forEach(WeirProcess::close);
        }
    }

    @Test
    void aBadConfigurationLeavesTheOldOneServing() throws Exception {
        try (EmbeddedRedis redis = EmbeddedRedis.start();
                RedisLoad load = new RedisLoad();
                WeirProcess old = start(write(config(2, redis.address(), "")))) {
            load.comeAndGo(old.address("tcp"), 2).stay(unix("weir.sock"), 1);
            Path file = write(config(2, redis.address(), "").replace("tcp_proxy", "tcp_proxi"));

            try (WeirProcess next = start(file, "--takeover")) {
                assertThat(next.exitCode()).isEqualTo(2);
                assertThat(String.join("\n", next.err())).contains("did you mean \"tcp_proxy\"?");
            }
            for (String taken : List.of(
                    "  - { name: more, address: \"" + redis.address() + "\", filters: [ { type: echo } ] }",
                    "transport: nio")) {
                Path other = write(config(2, redis.address(), taken.startsWith(" ") ? taken : "")
                        + (taken.startsWith(" ") ? "" : taken));
                try (WeirProcess next = start(other, "--takeover")) {
                    assertThat(next.exitCode()).isEqualTo(1);
                }
            }

            long before = load.shortConnections();
            WeirProcess.await(() -> load.shortConnections() > before + 50);
            assertThat(load.end().failures()).isEmpty();
            old.signal("TERM");
            assertThat(old.exitCode()).isZero();
        }
    }

    /** As a filter of a process it keeps that from starting once it has been checked: with the sockets in hand, without accepting. */
    public static final class Stalling implements FilterFactory {
        /** Of the process: what checks a configuration loads extensions of its own. */
        private static final AtomicInteger TIMES = new AtomicInteger();

        @Override
        public String type() {
            return "stalling";
        }

        @Override
        public PerLoop<NetworkFilter> configure(ConfigNode config, FilterEnvironment environment) {
            if (environment.listener().equals("tcp") && TIMES.getAndIncrement() > 0) {
                System.err.println("stalls");
                while (true) {
                    LockSupport.park(this);
                }
            }
            return loop -> connection -> new NetworkFilter() {};
        }
    }

    private String withStalling() throws IOException {
        Path services = Files.createDirectories(folder.resolve("stalling/META-INF/services"));
        Files.writeString(services.resolve(FilterFactory.class.getName()), Stalling.class.getName());
        return services.getParent().getParent() + File.pathSeparator + System.getProperty("java.class.path");
    }

    @Test
    void aNewProcessThatIsKilledHalfWayLeavesTheOldOneServing() throws Exception {
        String all = "takeover: { socket: \"" + folder.resolve("control") + "\" }\nlog: { level: info }\n";
        try (EmbeddedRedis redis = EmbeddedRedis.start();
                RedisLoad load = new RedisLoad();
                WeirProcess old = start(write(config(2, redis.address(), "") + all))) {
            Address tcp = old.address("tcp");
            load.comeAndGo(tcp, 3).comeAndGo(unix("weir.sock"), 1).stay(tcp, 2).stay(unix("weir.sock"), 1);
            Path stalling = Files.writeString(
                    folder.resolve("stalling.yaml"),
                    config(2, redis.address(), "").replace("redis_stats", "stalling") + all);

            for (String moment : List.of("asks for the sockets", "stalls")) {
                try (WeirProcess next = start(withStalling(), stalling, "--takeover")) {
                    (moment.equals("stalls") ? next : old).awaitErr(moment);
                    next.signal("KILL");
                    assertThat(next.exitCode()).isEqualTo(128 + 9);
                }
                long before = load.shortConnections();
                WeirProcess.await(() -> load.shortConnections() > before + 50
                        || !load.failures().isEmpty());
                assertThat(load.failures()).as(moment).isEmpty();
                assertThat(new AdminClient(old.address("admin"))
                                .send("GET", "/ready")
                                .body())
                        .isEqualTo("ready\n");
            }
            assertThat(load.report()).endsWith(" moved 0 times");

            try (WeirProcess next = start(folder.resolve("weir.yaml"), "--takeover")) {
                assertThat(next.awaitErr("took over from process ")).endsWith(" " + old.pid());
                assertThat(old.exitCode()).isZero();
                long before = load.shortConnections();
                WeirProcess.await(() -> load.shortConnections() > before + 50
                        || !load.failures().isEmpty());
                assertThat(load.end().failures()).isEmpty();
                next.signal("TERM");
                assertThat(next.exitCode()).isZero();
            }
        }
    }
}
