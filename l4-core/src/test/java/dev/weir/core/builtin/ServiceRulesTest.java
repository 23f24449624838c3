package dev.weir.core.builtin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.protocol.Command;
import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.core.protocol.CommandSet;
import dev.weir.core.protocol.KnownCommands;
import dev.weir.core.protocol.PolicyGate;
import dev.weir.core.protocol.Refusal;
import dev.weir.core.protocol.ServiceOperation;
import dev.weir.core.testkit.PolicyTester;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rules that name what services are asked for, beside what their carrier calls the command. */
class ServiceRulesTest {
    private static final KnownCommands KNOWN = known("");

    private final PolicyTester bed = new PolicyTester();
    private final List<String> told = new ArrayList<>();

    private static KnownCommands known(String noNamespaces) {
        return new KnownCommands(
                "toy",
                new CommandSet(
                        Set.of("GET /a", "POST /", "POST /b", "DELETE /a", CommandSet.OTHER),
                        Set.of(),
                        true,
                        Map.of(Refusal.DENIED, "403"),
                        Set.of()),
                KnownCommands.ErrorCodes.ANY,
                true,
                List.of(
                        new KnownCommands.Service("db", Set.of("Get", "GetAll", "Drop", "DELETE", "_OTHER"), false),
                        new KnownCommands.Service("rpc", Set.of("_OTHER"), true)),
                noNamespaces);
    }

    /** @param db what the service {@code db} is asked for, "" for nothing; a slash makes it one of {@code rpc} */
    private record Asked(String name, Kind kind, String db, List<String> namespaces) implements Command {
        @Override
        public @Nullable String namespace() {
            return null;
        }

        @Override
        public @Nullable String user() {
            return null;
        }

        @Override
        public boolean readOnly() {
            return kind == Kind.READ;
        }

        @Override
        public List<ServiceOperation> serviceOperations() {
            return db.isEmpty()
                    ? List.of()
                    : List.of(new ServiceOperation(db.indexOf('/') < 0 ? "db" : "rpc", db.replaceFirst("^/", "")));
        }
    }

    private static Map<String, Object> rule(String action, Object commands) {
        return Map.of("action", action, "commands", commands);
    }

    private boolean passes(Map<String, ?> policy, String name, String db) {
        Command.Kind kind = db.startsWith("Get") ? Command.Kind.READ : Command.Kind.WRITE;
        return passes(policy, new Asked(name, kind, db, List.of()));
    }

    private boolean passes(Map<String, ?> policy, Asked asked) {
        PolicyGate gate = bed.gates(KNOWN, policy).create(bed.connection());
        List<Boolean> passed = new ArrayList<>();
        gate.decide(asked, bed.nanos(), decision -> passed.add(decision instanceof Decision.Allow));
        gate.close();
        return passed.get(0);
    }

    private static Map<String, ?> access(String rules) {
        List<Map<String, ?>> all = new ArrayList<>();
        for (String one : rules.split(";", -1)) {
            String[] words = one.strip().split(" ", 2);
            all.add(rule(words[0], List.of(words[1].split("\\|", -1))));
        }
        return Map.of("type", "access", "rules", all);
    }

    @ParameterizedTest
    @CsvSource({
        // who denies an operation denies it on each route, and what it cannot tell from it
        "deny Drop, POST /, Drop, false",
        "deny Drop, POST /, Get, true",
        "deny Drop, POST /, _OTHER, false",
        "deny Drop, POST /, '', true",
        "deny Drop, GET /a, '', true",
        "deny db:_OTHER, POST /, _OTHER, false",
        "deny db:_OTHER, POST /, Get, true",
        "deny db:*, POST /, Get, false",
        "deny db:*, GET /a, '', true",
        "deny Get*, POST /, GetAll, false",
        "deny Get*, GET /a, '', true",
        "deny GET, GET /a, '', false",
        "deny GET, POST /, Get, true",
        "deny getall, POST /, GetAll, false",
        "deny DELETE, DELETE /a, '', false",
        "deny DELETE, POST /, DELETE, true", // the method, and no doubt about it
        "deny db:DELETE, POST /, DELETE, false",
        "deny @write, POST /, Drop, false",
        "deny @write, POST /, Get, true",
        // who allows but operations allows nothing else
        "allow Get, POST /, Get, true",
        "allow Get, POST /b, Get, true",
        "allow Get, POST /, Drop, false",
        "allow Get, POST /, _OTHER, false",
        "allow Get, POST /, '', false",
        "allow Get, GET /a, '', false",
        "allow db:*, POST /, _OTHER, true",
        "allow @read, POST /, Get, true",
        "allow @read, POST /, Drop, false",
        // who allows but routes does not ask for operations
        "allow POST /, POST /, Drop, true",
        "allow POST /, POST /b, Get, false",
        // who allows both asks for both
        "allow POST /|Get, POST /, Get, true",
        "allow POST /|Get, POST /, Drop, false",
        "allow POST /|Get, POST /b, Get, false",
        "allow POST /|Get, POST /, '', true",
        "allow POST /; allow Get, POST /, Drop, false",
        "allow POST /; allow Get, POST /, Get, true",
        "allow *, POST /, _OTHER, true",
        "allow *; deny Drop, POST /, Drop, false",
        "allow GET /a; allow @read, POST /, Get, true",
        // names that nobody knows beforehand
        "deny shop.Orders/Delete, POST /, /shop.Orders/Delete, false",
        "deny shop.orders/*, POST /, /shop.Orders/Delete, false",
        "deny shop.Orders/Delete, POST /, /shop.Orders/Get, true",
        "deny shop.Orders/Delete, POST /, /_OTHER, false",
        "deny shop.Orders/Delete, POST /, Drop, true",
        "allow shop.Orders/*, POST /, /shop.Orders/Get, true",
        "allow rpc:shop.Orders/Get, POST /, /shop.Orders/Delete, false",
        "allow shop.Orders/*, POST /, /_OTHER, false",
        "allow rpc:*, POST /, /shop.Orders/Get, true",
    })
    void accessJudgesByAllNames(String rules, String name, String operation, boolean passes) {
        assertThat(passes(access(rules), name, operation)).isEqualTo(passes);
    }

    @Test
    void aRuleInShadowSaysWhatItWouldRefuse() {
        Map<String, ?> shadow = Map.of(
                "type",
                "access",
                "rules",
                List.of(
                        Map.of("name", "old", "action", "allow", "commands", List.of("POST /")),
                        Map.of("name", "new", "action", "allow", "commands", List.of("Get"), "shadow", true)));

        assertThat(passes(shadow, "POST /", "Drop")).isTrue();
        assertThat(passes(shadow, "POST /", "Get")).isTrue();

        assertThat(bed.counts("weir_access_commands", "rule", "action"))
                .isEqualTo(Map.of("_none shadow_denied", 1, "old allowed", 1));
    }

    @Test
    void aLimitCountsWhatItNamesOnceAndWhatMayBeIt() {
        PolicyGate gate = bed.gates(
                        KNOWN,
                        Map.of(
                                "type",
                                "rate_limit",
                                "commands",
                                List.of(Map.of(
                                        "per",
                                        "listener",
                                        "rate",
                                        "2/h",
                                        "burst",
                                        2,
                                        "commands",
                                        List.of("Drop", "POST /")))))
                .create(bed.connection());
        for (String asked : List.of("POST / Drop", "POST /b Get", "POST /b _OTHER", "POST /b Drop", "POST /b Get")) {
            int last = asked.lastIndexOf(' ');
            Asked command =
                    new Asked(asked.substring(0, last), Command.Kind.WRITE, asked.substring(last + 1), List.of());
            gate.decide(command, bed.nanos(), decision -> told.add(decision instanceof Decision.Allow ? "goes" : "no"));
        }

        assertThat(told).containsExactly("goes", "goes", "goes", "no", "goes");
    }

    @Test
    void aFaultIsMadeOfWhatIsKnownOnly() {
        Map<String, ?> fault = Map.of(
                "type", "fault", "rules", List.of(Map.of("percent", 100, "abort", true, "commands", List.of("Drop"))));

        assertThat(passes(fault, "POST /", "Drop")).isFalse();
        assertThat(passes(fault, "POST /", "_OTHER")).isTrue();
        assertThat(passes(fault, "POST /", "")).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "deny, logs-*, logs-1, false",
        "deny, logs-*, 'a,LOGS-1', false",
        "deny, secret, 'a,b', true",
        "deny, secret, 'a,s*', false",
        "deny, secret, '', false",
        "allow, logs-*, logs-1, true",
        "allow, logs-*, 'logs-1,logs-2-*', true",
        "allow, logs-*, 'logs-1,secret', false",
        "allow, logs-*, '*', false",
        "allow, logs-*, LOGS-1, false",
        "allow, logs-*, '', false",
    })
    void severalNamespacesAreAllToBeAllowedAndNoneDenied(
            String action, String pattern, String namespaces, boolean passes) {
        Map<String, ?> policy =
                Map.of("type", "access", "rules", List.of(Map.of("action", action, "namespaces", List.of(pattern))));
        List<String> all = namespaces.isEmpty() ? List.of() : List.of(namespaces.split(",", -1));

        assertThat(passes(policy, new Asked("POST /", Command.Kind.WRITE, "Get", all)))
                .isEqualTo(passes);
    }

    @Test
    void unknownNamesAreToldOf() {
        assertThat(problem(rule("deny", "GetAl"), KNOWN))
                .isEqualTo("policies[0].rules[0].commands: \"GetAl\" is no command of toy (did you mean \"GetAll\"?)");
        assertThat(problem(rule("deny", "db:Drp"), KNOWN))
                .isEqualTo("policies[0].rules[0].commands: \"db:Drp\" is no operation of db (did you mean \"Drop\"?)");
        assertThat(problem(rule("deny", "rpc:shop.Orders"), KNOWN))
                .startsWith("policies[0].rules[0].commands: \"rpc:shop.Orders\" is no operation of rpc");
        assertThat(problem(rule("deny", "POST /c"), KNOWN))
                .startsWith("policies[0].rules[0].commands: \"POST /c\" is no command of toy (did you mean \"POST /");
        assertThat(problem(Map.of("action", "deny", "namespaces", "a"), known("nobody knows (expected: none)")))
                .isEqualTo("policies[0].rules[0].namespaces: nobody knows (expected: none)");
    }

    private static String problem(Map<String, ?> rule, KnownCommands known) {
        List<String> problems = PolicyTester.problems(known, Map.of("type", "access", "rules", List.of(rule)));
        assertThat(problems).hasSize(1);
        return problems.get(0);
    }
}
