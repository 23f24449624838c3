package dev.weir.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.core.protocol.Command.Kind;
import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.core.protocol.CommandSet;
import dev.weir.core.protocol.KnownCommands;
import dev.weir.core.protocol.PolicyGate;
import dev.weir.core.protocol.PolicyWait;
import dev.weir.core.protocol.Refusal;
import dev.weir.core.ratelimit.RateLimitService;
import dev.weir.core.testkit.FakeConnection;
import dev.weir.core.testkit.PolicyTester;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many commands of one connection of a terminal ask the real rate limit service at the same time. */
class TerminalPoliciesIT {
    private static final String RULES = """
            domain: weir
            descriptors:
              - key: tenant
                rate_limit: { unit: year, requests_per_unit: 3 }
              - key: command
                value: PUT /a
                rate_limit: { unit: year, requests_per_unit: 4 }
            """;
    private static final KnownCommands KNOWN = new KnownCommands(
            "toy",
            new CommandSet(
                    Set.of("GET /a", "PUT /a"),
                    Set.of(),
                    true,
                    Map.of(Refusal.RATE_LIMITED, "429", Refusal.FAULT, "503"),
                    Set.of("request_header:")),
            KnownCommands.ErrorCodes.ANY,
            true);

    @TempDir
    private Path folder;

    private final EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final EventLoop loop = group.next();
    private final PolicyTester bed = new PolicyTester();
    private final Queue<String> told = new ConcurrentLinkedQueue<>();
    private RealService service;

    @BeforeEach
    void start() throws Exception {
        assumeTrue(RealService.installed());
        service = RealService.start(folder, RULES);
        bed.environment.loop(loop);
        bed.environment.add(RateLimitService.class, new GrpcRateLimitService());
        bed.environment.add(new OneEndpoint(service.port()));
    }

    @AfterEach
    void stop() throws Exception {
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        if (service != null) {
            service.close();
        }
    }

    private PolicyGate gate(String timeout, String failure) throws Exception {
        Map<String, ?> limits = Map.of(
                "type",
                "rate_limit",
                "commands",
                List.of(Map.of(
                        "descriptors",
                        List.of(List.of(Map.of("tenant", Map.of("request_header", "X-Tenant"))), List.of("command")))),
                "global",
                Map.of("service", "ratelimit", "domain", "weir", "timeout", timeout, "failure_mode", failure));
        Map<String, ?> fault = Map.of(
                "type", "fault", "rules", List.of(Map.of("percent", 100, "delay", "50ms", "commands", "PUT /a")));
        return onLoop(() -> bed.gates(KNOWN, limits, fault).create(new FakeConnection(loop)));
    }

    private <T> T onLoop(Callable<T> task) throws Exception {
        return loop.submit(task).get(60, TimeUnit.SECONDS);
    }

    private PolicyWait decide(PolicyGate gate, String name, String tenant) {
        Map<String, String> attributes = tenant.isEmpty() ? Map.of() : Map.of("request_header:x-tenant", tenant);
        String label = name + " " + tenant + " ";
        return gate.decide(
                new PolicyTester.Asked(name, null, Kind.READ, attributes),
                bed.nanos(),
                decision -> told.add(label + (decision instanceof Decision.Deny deny ? deny.code() : "goes")));
    }

    private static void await(BooleanSupplier done) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!done.getAsBoolean()) {
            assertThat(System.nanoTime()).as("in time").isLessThan(end);
            LockSupport.parkNanos(1_000_000);
        }
    }

    private int count(String line) {
        return (int) told.stream().filter(line::equals).count();
    }

    @Test
    void eachIsJudgedByWhatItCarries() throws Exception {
        PolicyGate gate = gate("10s", "deny");
        List<PolicyWait> waits = onLoop(() -> {
            List<PolicyWait> all = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                all.add(decide(gate, "GET /a", "x"));
                all.add(decide(gate, "GET /a", "y"));
                all.add(decide(gate, "GET /a", ""));
                all.add(decide(gate, "PUT /a", ""));
            }
            return all;
        });
        assertThat(waits).as("all at the same time").doesNotContainNull();
        await(() -> told.size() == 40);

        assertThat(count("GET /a x goes")).isEqualTo(3);
        assertThat(count("GET /a x 429")).isEqualTo(7);
        assertThat(count("GET /a y goes")).isEqualTo(3);
        assertThat(count("GET /a y 429")).isEqualTo(7);
        assertThat(count("GET /a  goes")).as("no such header, no such limit").isEqualTo(10);
        assertThat(count("PUT /a  goes")).as("after its delay").isEqualTo(4);
        assertThat(count("PUT /a  429")).isEqualTo(6);
        assertThat(bed.counts("weir_rate_limit_decisions", "of", "scope", "result"))
                .isEqualTo(Map.of("commands global allowed", 20, "commands global denied", 20));
        assertThat(bed.counts("weir_rate_limit_service_answers", "result"))
                .isEqualTo(Map.of("ok", 20, "over_limit", 20));
        assertThat(bed.counts("weir_fault_injected", "kind")).isEqualTo(Map.of("delay", 4));
        onLoop(() -> {
            gate.close();
            return "";
        });
    }

    @Test
    void withoutAnAnswerTheFailureModeDecides() throws Exception {
        PolicyGate allow = gate("100ms", "allow");
        PolicyGate deny = gate("100ms", "deny");
        service.suspended(true);
        try {
            onLoop(() -> {
                for (int i = 0; i < 5; i++) {
                    decide(allow, "GET /a", "allow");
                    decide(deny, "GET /a", "deny");
                }
                return "";
            });
            await(() -> told.size() == 10);
        } finally {
            service.suspended(false);
        }

        assertThat(count("GET /a allow goes")).isEqualTo(5);
        assertThat(count("GET /a deny 429")).isEqualTo(5);
        assertThat(bed.counts("weir_rate_limit_service_answers", "result")).isEqualTo(Map.of("timeout", 10));
    }

    @Test
    void whoHasGoneIsNotTold() throws Exception {
        PolicyGate gate = gate("10s", "deny");
        service.suspended(true);
        try {
            onLoop(() -> {
                PolicyWait gone = decide(gate, "GET /a", "gone");
                decide(gate, "GET /a", "stays");
                gone.cancel();
                return "";
            });
        } finally {
            service.suspended(false);
        }
        await(() -> told.size() == 1);

        assertThat(told).containsExactly("GET /a stays goes");
        assertThat(bed.counts("weir_rate_limit_service_answers", "result")).isEqualTo(Map.of("ok", 1));
    }
}
