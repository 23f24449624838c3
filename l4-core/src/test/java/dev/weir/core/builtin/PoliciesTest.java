package dev.weir.core.builtin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.Command;
import dev.weir.core.protocol.Command.Kind;
import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.core.protocol.CommandSet;
import dev.weir.core.protocol.KnownCommands;
import dev.weir.core.protocol.PolicyGate;
import dev.weir.core.protocol.PolicyWait;
import dev.weir.core.protocol.Refusal;
import dev.weir.core.testkit.PolicyTester;
import dev.weir.core.testkit.PolicyTester.Asked;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** {@code access}, {@code rate_limit} and {@code fault} in a terminal that finds its commands itself. */
class PoliciesTest {
    private static final KnownCommands KNOWN = new KnownCommands(
            "toy",
            new CommandSet(
                    Set.of("GET /a", "PUT /a", "GET /b/{id}", CommandSet.OTHER),
                    Set.of(),
                    true,
                    Map.of(Refusal.DENIED, "403", Refusal.RATE_LIMITED, "429", Refusal.FAULT, "503"),
                    Set.of("host", "header:")),
            new KnownCommands.ErrorCodes("status", "a number", text -> text.matches("[0-9]+")),
            true);

    private final PolicyTester bed = new PolicyTester();
    private final List<String> told = new ArrayList<>();

    private static Map<String, Object> map(Object... keysAndValues) {
        Map<String, Object> map = new HashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            map.put((String) keysAndValues[i], keysAndValues[i + 1]);
        }
        return map;
    }

    private static Map<String, Object> access(Object... rules) {
        return map("type", "access", "rules", List.of(rules));
    }

    private static Map<String, Object> limits(Object... limits) {
        return map("type", "rate_limit", "commands", List.of(limits));
    }

    private static Map<String, Object> fault(Object... rules) {
        return map("type", "fault", "rules", List.of(rules));
    }

    @SafeVarargs
    @SuppressWarnings("varargs") // only read
    private PolicyGate gate(Map<String, ?>... policies) {
        return bed.gates(KNOWN, policies).create(bed.connection());
    }

    private PolicyWait decide(PolicyGate gate, Command command) {
        return gate.decide(command, bed.nanos(), decision -> told.add(command.name() + " " + text(decision)));
    }

    private PolicyWait decide(PolicyGate gate, String command) {
        Kind kind = command.startsWith("GET") ? Kind.READ : Kind.WRITE;
        return decide(gate, new Asked(command, null, kind, Map.of()));
    }

    private static String text(Decision decision) {
        if (decision instanceof Decision.Deny deny) {
            Duration retry = deny.retryAfter();
            return deny.code() + " " + deny.message() + (retry == null ? "" : " " + retry.toMillis());
        }
        if (decision instanceof Decision.Close close) {
            return "close " + close.reason() + " " + close.error().code();
        }
        return decision instanceof Decision.Abort abort ? "abort " + abort.reason() : "goes on";
    }

    @Test
    void accessJudgesByNamePatternKindAndUser() {
        PolicyGate gate = gate(access(
                map("name", "a", "action", "allow", "commands", List.of("GET *")),
                map("name", "w", "action", "allow", "commands", List.of("@write"), "users", List.of("ann")),
                map("name", "b", "action", "deny", "commands", List.of("* /b/{id}"), "users", List.of("bob"))));
        decide(gate, "GET /a");
        decide(gate, new Asked("PUT /a", "ann", Kind.WRITE, Map.of()));
        decide(gate, new Asked("PUT /a", "bob", Kind.WRITE, Map.of()));
        decide(gate, new Asked("GET /b/{id}", "bob", Kind.READ, Map.of()));
        decide(gate, new Asked("GET /b/{id}", "ann", Kind.READ, Map.of()));
        decide(gate, "GET /b/{id}");

        String denied = " 403 this command is not allowed here";
        assertThat(told)
                .containsExactly(
                        "GET /a goes on",
                        "PUT /a goes on",
                        "PUT /a" + denied,
                        "GET /b/{id}" + denied,
                        "GET /b/{id} goes on",
                        "GET /b/{id}" + denied);
        assertThat(bed.counts("weir_access_commands", "rule", "action", "listener"))
                .isEqualTo(
                        Map.of("a allowed test", 2, "w allowed test", 1, "_none denied test", 1, "b denied test", 2));
        assertThat(bed.counts("weir_access_connections", "action"))
                .as("judged elsewhere")
                .isEmpty();
    }

    @Test
    void aVerbStandsForAllItsPaths() {
        PolicyGate gate = gate(access(map("action", "deny", "commands", List.of("get"))));

        decide(gate, "GET /a");
        decide(gate, "GET /b/{id}");
        decide(gate, "PUT /a");

        assertThat(told.get(0)).startsWith("GET /a 403");
        assertThat(told.get(1)).startsWith("GET /b/{id} 403");
        assertThat(told.get(2)).isEqualTo("PUT /a goes on");
    }

    @Test
    void aLimitTellsWhenToComeAgain() {
        PolicyGate gate = gate(limits(map("per", "client", "rate", "30/m", "burst", 2)));
        for (int i = 0; i < 3; i++) {
            decide(gate, "GET /a");
        }
        bed.advance(Duration.ofMillis(1_999));
        decide(gate, "GET /a");
        bed.advance(Duration.ofMillis(1));
        decide(gate, "GET /a");

        assertThat(told)
                .containsExactly(
                        "GET /a goes on",
                        "GET /a goes on",
                        "GET /a 429 rate limited 2000",
                        "GET /a 429 rate limited 1",
                        "GET /a goes on");
        assertThat(bed.counts("weir_rate_limit_decisions", "of", "scope", "result"))
                .isEqualTo(Map.of("commands client allowed", 3, "commands client denied", 2));
    }

    @Test
    void allConnectionsAndCommandsThatWaitShareTheBuckets() {
        PerLoop.PerConnection<PolicyGate> gates = bed.gates(
                KNOWN,
                limits(map("per", "listener", "rate", "10/s", "burst", 1, "action", "delay", "max_delay", "1s")));
        PolicyGate one = gates.create(bed.connection());
        PolicyGate other = gates.create(bed.connection());
        for (int i = 0; i < 6; i++) {
            decide(i % 2 == 0 ? one : other, "GET /a");
        }
        assertThat(told).containsExactly("GET /a goes on");

        for (int i = 1; i <= 5; i++) {
            bed.advance(Duration.ofMillis(100).plusNanos(10));
            assertThat(told).hasSize(1 + i);
        }

        assertThat(bed.counts("weir_rate_limit_decisions", "result")).isEqualTo(Map.of("allowed", 1, "delayed", 5));
    }

    @Test
    void usersOfOneConnectionHaveBucketsOfTheirOwnAlsoWhileTheyWait() {
        PolicyGate gate = gate(limits(
                map("per", "user", "rate", "1/s", "burst", 1, "action", "delay", "max_delay", "2s"),
                map("per", "listener", "rate", "100/s")));
        decide(gate, new Asked("GET /a", "ann", Kind.READ, Map.of()));
        decide(gate, new Asked("GET /a", "ann", Kind.READ, Map.of()));
        decide(gate, new Asked("PUT /a", "bob", Kind.WRITE, Map.of()));
        assertThat(told).containsExactly("GET /a goes on", "PUT /a goes on");

        decide(gate, new Asked("PUT /a", "bob", Kind.WRITE, Map.of()));
        decide(gate, new Asked("PUT /a", null, Kind.WRITE, Map.of()));
        assertThat(told).hasSize(3);
        bed.advance(Duration.ofSeconds(1).plusNanos(10));

        assertThat(told).hasSize(5);
        gate.close();
    }

    @Test
    void aLimitMayCloseTheConnection() {
        PolicyGate gate = gate(limits(map("per", "client", "rate", "1/h", "action", "close")));
        decide(gate, "GET /a");
        decide(gate, "GET /a");

        assertThat(told).containsExactly("GET /a goes on", "GET /a close RATE_LIMITED 429");
        assertThat(bed.counts("weir_rate_limit_decisions", "result")).isEqualTo(Map.of("allowed", 1, "closed", 1));
    }

    @Test
    void faultsDelayAnswerAndAbort() {
        PolicyGate gate = gate(fault(
                map("percent", 100, "abort", true, "commands", "PUT /a"),
                map("percent", 100, "delay", "1s", "error", map("status", 418), "commands", "GET /a"),
                map("percent", 100, "delay", "2s", "abort", true, "commands", "GET /b/{id}")));
        decide(gate, "GET /b/{id}");
        decide(gate, "GET /a");
        decide(gate, "PUT /a");
        decide(gate, CommandSet.OTHER);
        bed.advance(Duration.ofSeconds(1));
        bed.advance(Duration.ofSeconds(1));

        assertThat(told)
                .containsExactly(
                        "PUT /a abort FAULT",
                        "_OTHER goes on",
                        "GET /a 418 fault injected by the proxy",
                        "GET /b/{id} abort FAULT");
        assertThat(bed.counts("weir_fault_injected", "rule", "kind"))
                .isEqualTo(Map.of("rule_1 abort", 1, "rule_2 delay_error", 1, "rule_3 delay_abort", 1));
    }

    @Test
    void delaysThatWereCancelledAreOver() {
        Map<String, Object> delay = fault(map("percent", 100, "delay", "10s"));
        delay.put("max_active", 2);
        PolicyGate gate = gate(delay);
        PolicyWait first = decide(gate, "GET /a");
        decide(gate, "GET /a");
        decide(gate, "PUT /a");
        assertThat(told).containsExactly("PUT /a goes on");
        assertThat(bed.counts("weir_fault_skipped", "listener")).isEqualTo(Map.of("test", 1));

        first.cancel();
        assertThat(decide(gate, "GET /a")).as("there is a place again").isNotNull();
        gate.close();
        assertThat(decide(gate(delay), "GET /a")).isNotNull();
        assertThat(bed.counts("weir_fault_skipped", "listener")).isEqualTo(Map.of("test", 1));
    }

    @Test
    void threePoliciesInTheirOrder() {
        PolicyGate gate = gate(
                access(map("action", "deny", "commands", "PUT /a")),
                limits(map("per", "listener", "rate", "1/s", "burst", 2, "action", "delay", "max_delay", "1500ms")),
                fault(map("percent", 100, "delay", "1s", "error", map(), "commands", "GET /b/{id}")));
        decide(gate, "PUT /a");
        decide(gate, "GET /a");
        decide(gate, "GET /b/{id}");
        decide(gate, "GET /b/{id}");
        decide(gate, "GET /a");
        assertThat(told)
                .containsExactly(
                        "PUT /a 403 this command is not allowed here",
                        "GET /a goes on",
                        "GET /a 429 rate limited 2000");

        bed.advance(Duration.ofSeconds(1).plusNanos(10));
        assertThat(told).hasSize(4).endsWith("GET /b/{id} 503 fault injected by the proxy");
        bed.advance(Duration.ofSeconds(1).plusNanos(10));

        assertThat(told).hasSize(5).endsWith("GET /b/{id} 503 fault injected by the proxy");
        assertThat(bed.counts("weir_access_commands", "action")).isEqualTo(Map.of("allowed", 4, "denied", 1));
        assertThat(bed.counts("weir_rate_limit_decisions", "result"))
                .isEqualTo(Map.of("allowed", 2, "delayed", 1, "denied", 1));
        assertThat(bed.counts("weir_fault_injected", "kind")).isEqualTo(Map.of("delay_error", 2));
    }

    @Test
    void shadowsRefuseNothing() {
        Map<String, Object> access = access(map("action", "deny"));
        access.put("shadow", true);
        PolicyGate gate = gate(access, limits(map("per", "client", "rate", "1/h", "shadow", true)));

        decide(gate, "GET /a");
        decide(gate, "GET /a");

        assertThat(told).containsExactly("GET /a goes on", "GET /a goes on");
        assertThat(bed.counts("weir_access_commands", "action")).isEqualTo(Map.of("shadow_denied", 2));
        assertThat(bed.counts("weir_rate_limit_decisions", "result")).isEqualTo(Map.of("allowed", 1, "shadow", 1));
    }

    @Test
    void aFaultThatIsOffLetsAllThrough() {
        Map<String, Object> off = fault(map("percent", 100, "error", map()));
        off.put("enabled", false);

        decide(gate(off), "GET /a");

        assertThat(told).containsExactly("GET /a goes on");
    }

    @Test
    void saysWhereTheKeysOfConnectionsBelong() {
        Map<String, Object> access = access(map("action", "deny"));
        access.putAll(Map.of("allow", List.of("10.0.0.0/8"), "protocol", "redis", "on_undecodable", "pass"));
        assertThat(PolicyTester.problems(KNOWN, access))
                .containsExactlyInAnyOrder(
                        "policies[0].allow: about connections (expected: in a filter \"access\" before the terminal of the chain)",
                        "policies[0].protocol: the terminal decodes toy by itself (expected: without)",
                        "policies[0].on_undecodable: the terminal decodes toy by itself (expected: without)");
        Map<String, Object> limits = limits(map("per", "client", "rate", "1/s"));
        limits.put("connections", List.of(map("per", "client", "rate", "1/s")));
        assertThat(PolicyTester.problems(KNOWN, limits))
                .containsExactly(
                        "policies[0].connections: about connections (expected: in a filter \"rate_limit\" before the terminal of the chain)");
        Map<String, Object> faults = fault(map("percent", 1, "abort", true));
        faults.put("connections", List.of(map("percent", 1, "close", true)));
        assertThat(PolicyTester.problems(KNOWN, faults))
                .containsExactly(
                        "policies[0].connections: about connections (expected: in a filter \"fault\" before the terminal of the chain)");
    }

    @Test
    void checksWhatIsWritten() {
        assertThat(PolicyTester.problems(KNOWN, map("type", "acces")))
                .containsExactly("policies[0].type: \"acces\" (did you mean \"access\"?)");
        assertThat(PolicyTester.problems(KNOWN, map("type", "tcp_proxy")))
                .containsExactly("policies[0].type: \"tcp_proxy\" (expected: access, fault, rate_limit)");
        assertThat(PolicyTester.problems(KNOWN, map("type", "access")))
                .containsExactly("policies[0].rules: empty (expected: at least one rule)");
        assertThat(PolicyTester.problems(KNOWN, map("type", "rate_limit")))
                .containsExactly("policies[0].commands: no limit given (expected: at least one)");
        assertThat(PolicyTester.problems(KNOWN, access(map("action", "deny", "commands", "GET /c"))))
                .singleElement()
                .asString()
                .startsWith("policies[0].rules[0].commands: \"GET /c\" is no command of toy");
        assertThat(PolicyTester.problems(KNOWN, access(map("action", "deny", "statements", "SELECT"))))
                .containsExactly(
                        "policies[0].rules[0].statements: commands of toy carry none (expected: a rule without)");
        assertThat(PolicyTester.problems(KNOWN, fault(map("percent", 1, "error", map("status", "teapot")))))
                .containsExactly("policies[0].rules[0].error.status: \"teapot\" (expected: a number)");
        assertThat(PolicyTester.problems(KNOWN, fault(map("percent", 1, "error", map("code", 503)))))
                .containsExactly("policies[0].rules[0].error.code: unknown key (expected: status, message)");
        assertThat(PolicyTester.problems(KNOWN, fault(map("percent", 1, "error", map(), "abort", true))))
                .containsExactly("policies[0].rules[0].abort: beside error (expected: one of the two)");
        assertThat(PolicyTester.problems(
                        KNOWN, map("type", "access", "rules", List.of(map("action", "deny")), "speed", 1)))
                .singleElement()
                .asString()
                .startsWith("policies[0].speed: unknown key");
    }

    @Test
    void aGateAbortsByClosingItsConnection() {
        Map<String, Object> rule = map("percent", 100, "abort", true, "commands", "SET");
        FilterBed filters = FilterBed.of(new FaultFactory(), map("protocol", "words", "rules", List.of(rule)));
        try (dev.weir.core.testkit.FilterTester tester = filters.connection()) {
            tester.client("GET READ a u -\nSET WRITE a u -\nGET READ a u -\n");

            assertThat(tester.toUpstream()).isEqualTo("GET READ a u -\n");
            assertThat(tester.toClient()).isEmpty();
            assertThat(tester.closeReason()).isEqualTo(CloseReason.FAULT);
        }
        assertThat(filters.counts("weir_fault_injected", "kind")).isEqualTo(Map.of("abort", 1));
    }
}
