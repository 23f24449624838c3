package dev.weir.core.builtin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.filter.FilterFactory;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What {@code access} and {@code fault} say about wrong configurations. */
class FilterConfigTest {
    private static final FilterFactory ACCESS = new AccessFactory();
    private static final FilterFactory FAULT = new FaultFactory();

    private static List<String> rule(FilterFactory factory, Object... entries) {
        Map<String, Object> rule = new HashMap<>();
        for (int i = 0; i < entries.length; i += 2) {
            rule.put((String) entries[i], entries[i + 1]);
        }
        return FilterBed.problems(factory, Map.of("protocol", "words", "rules", List.of(rule)));
    }

    @Test
    void namesWhatIsMissing() {
        assertThat(FilterBed.problems(ACCESS, Map.of()))
                .containsExactly("no rule given (expected: allow, deny, rules, or several of them)");
        assertThat(FilterBed.problems(FAULT, Map.of()))
                .containsExactly("no fault given (expected: rules, connections, or both)");
        assertThat(FilterBed.problems(ACCESS, Map.of("rules", List.of(Map.of("action", "deny")))))
                .containsExactly("protocol: missing");
        assertThat(FilterBed.problems(ACCESS, Map.of("protocol", "words")))
                .containsExactly("rules: empty (expected: at least one rule)");
        assertThat(FilterBed.problems(FAULT, Map.of("protocol", "words", "rules", List.of())))
                .containsExactly("rules: empty (expected: at least one rule)");
        assertThat(rule(ACCESS, "commands", "GET")).containsExactly("rules[0].action: missing (expected: allow, deny)");
        assertThat(rule(FAULT, "delay", "1s"))
                .containsExactly("rules[0].percent: missing (expected: a number, 0.0..100.0)");
        assertThat(rule(FAULT, "percent", 1))
                .containsExactly("rules[0]: no fault given (expected: delay, error, abort, or several of them)");
        assertThat(FilterBed.problems(FAULT, Map.of("connections", List.of(Map.of("percent", 1)))))
                .containsExactly("connections[0]: no fault given (expected: delay, close: true, or both)");
    }

    @Test
    void namesProtocolsThatCanBeCut() {
        assertThat(FilterBed.problems(ACCESS, Map.of("protocol", "wards", "rules", List.of())))
                .containsExactly("protocol: \"wards\" (did you mean \"words\"?)");
        assertThat(FilterBed.problems(ACCESS, Map.of("protocol", "smtp", "rules", List.of())))
                .containsExactly("protocol: \"smtp\" (expected: words)");
        assertThat(FilterBed.problems(
                        ACCESS,
                        Map.of(
                                "protocol",
                                "words",
                                "on_undecodable",
                                "drop",
                                "rules",
                                List.of(Map.of("action", "deny")))))
                .containsExactly("on_undecodable: \"drop\" (expected: close, pass)");
    }

    @Test
    void namesWrongConditions() {
        assertThat(rule(ACCESS, "action", "deny", "commands", "GTE"))
                .containsExactly("rules[0].commands: \"GTE\" is no command of words (did you mean \"GET\"?)");
        assertThat(rule(ACCESS, "action", "deny", "commands", List.of("GET", "ZZZZ*")))
                .containsExactly(
                        "rules[0].commands[1]: \"ZZZZ*\" is no command of words (expected: a command, a pattern"
                                + " such as GET*, or one of @read, @write, @session, @login)");
        assertThat(rule(ACCESS, "action", "deny", "commands", "@reads"))
                .containsExactly("rules[0].commands: \"@reads\" (expected: @read, @write, @session, @login)");
        assertThat(rule(ACCESS, "action", "deny", "users", "ann"))
                .containsExactly(
                        "rules[0].users: the filter cannot tell the users of words (expected: a rule without)");
        assertThat(rule(ACCESS, "action", "deny", "statements", "DROP"))
                .containsExactly("rules[0].statements: commands of words carry none (expected: a rule without)");
        assertThat(rule(ACCESS, "action", "deny", "clients", "ten"))
                .containsExactly("rules[0].clients: \"ten\" (expected: an IP address or range such as 10.0.0.0/8)");
        assertThat(rule(ACCESS, "action", "deny", "namespaces", ""))
                .containsExactly("rules[0].namespaces: empty (expected: a text, * for any characters)");
        for (String key : List.of("commands", "namespaces", "clients", "server_names", "certificate_names")) {
            assertThat(rule(ACCESS, "action", "deny", key, List.of()))
                    .containsExactly("rules[0]." + key + ": empty (expected: at least one)");
        }
        assertThat(rule(ACCESS, "action", "deny", "name", "a b"))
                .containsExactly("rules[0].name: \"a b\" (expected: 1 to 64 letters, digits, _ . -, not _ first)");
        assertThat(rule(ACCESS, "action", "deny", "command", "GET"))
                .containsExactly("rules[0].command: unknown key (did you mean \"commands\"?)");
    }

    @Test
    void namesWrongFaults() {
        assertThat(rule(FAULT, "percent", 101, "delay", "1s"))
                .containsExactly("rules[0].percent: 101 (expected: a number, 0.0..100.0)");
        assertThat(rule(FAULT, "percent", 1, "delay", "2m"))
                .containsExactly("rules[0].delay: 120000ms (expected: a duration of at most 1m)");
        assertThat(rule(FAULT, "percent", 1, "error", true)).contains("rules[0].error: true (expected: a map)");
        Map<String, ?> first = Map.of("percent", 1, "delay", "1s", "name", "slow");
        assertThat(FilterBed.problems(
                        FAULT, Map.of("protocol", "words", "rules", List.of(first), "connections", List.of(first))))
                .containsExactly(
                        "connections[0].name: \"slow\" is the name of another rule (expected: a name of its own)");
        assertThat(FilterBed.problems(
                        FAULT, Map.of("connections", Collections.nCopies(65, Map.of("percent", 1, "close", true)))))
                .containsExactly("connections: 65 rules (expected: at most 64)");
    }

    @Test
    void tellsOfStatementsThatDoNotExist() {
        Map<String, ?> config = Map.of(
                "protocol", "words", "rules", List.of(Map.of("action", "deny", "statements", List.of("DRPO", "q*"))));

        org.assertj.core.api.Assertions.assertThatThrownBy(() -> FilterBed.of(ACCESS, config))
                .hasMessageContaining("\"DRPO\" begins no statement of words (did you mean \"DROP\"?)")
                .hasMessageContaining(
                        "\"q*\" begins no statement of words (expected: a keyword such as SELECT, or a pattern)");
    }
}
