package dev.weir.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.ProxyConfig;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is wrong in the section {@code global} of {@code rate_limit}: each message by its text, with nothing beside it. */
class GlobalConfigTest {
    private static final String PATH = "listeners[0].filters[0].global";

    private static List<String> problems(Object global) {
        Map<String, ?> filter = Map.of(
                "type",
                "rate_limit",
                "connections",
                List.of(Map.of("descriptors", List.of(List.of("listener")))),
                "global",
                global);
        Map<String, ?> listener =
                Map.of("name", "cache", "address", "127.0.0.1:0", "filters", List.of(filter, Map.of("type", "echo")));
        ConfigErrors errors = new ConfigErrors();
        ConfigNode root = ConfigNode.of(
                Map.of(
                        "listeners",
                        List.of(listener),
                        "clusters",
                        List.of(Map.of("name", "ratelimit", "endpoints", List.of("127.0.0.1:8081")))),
                errors);
        Proxy.check(ProxyConfig.from(root), GlobalConfigTest.class.getClassLoader());
        return errors.problems().stream()
                .map(problem -> problem.toString().replace(PATH, ""))
                .toList();
    }

    /** With a value at {@code key}, or without that key. */
    private static List<String> problems(String key, Object value) {
        Map<String, Object> global = new HashMap<>(Map.of("service", "ratelimit", "domain", "weir"));
        global.put(key, value);
        if (value == null) {
            global.remove(key);
        }
        return problems(global);
    }

    @Test
    void nothingIsWrongWithTheLimits() {
        assertThat(problems(Map.of(
                        "service",
                        "ratelimit",
                        "domain",
                        "weir",
                        "timeout",
                        "10s",
                        "failure_mode",
                        "deny",
                        "max_pending",
                        100_000,
                        "hits_addend",
                        1_000_000)))
                .isEmpty();
        assertThat(problems("timeout", "1us")).isEmpty();
        assertThat(problems("max_pending", 1)).isEmpty();
        assertThat(problems("hits_addend", 1)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    service      | ratelimt  | unknown cluster "ratelimt" (did you mean "ratelimit"?)
                    service      | elsewhere | unknown cluster "elsewhere" (expected: ratelimit)
                    service      | ''        | empty (expected: a text)
                    domain       | ''        | empty (expected: a text)
                    timeout      | soon      | "soon" (expected: a duration such as 250ms, 5s, 1m, 1h)
                    timeout      | 20        | "20" (expected: a duration such as 250ms, 5s, 1m, 1h)
                    timeout      | -1ms      | "-1ms" (expected: a duration such as 250ms, 5s, 1m, 1h)
                    timeout      | 0s        | "0s" (expected: more than 0, at most 10s)
                    timeout      | 10001ms   | "10001ms" (expected: more than 0, at most 10s)
                    failure_mode | alow      | "alow" (did you mean "allow"?)
                    failure_mode | open      | "open" (expected: allow, deny)
                    max_pending  | many      | "many" (expected: a whole number, 1..100000)
                    hits_addend  | 1         | "1" (expected: a whole number, 1..1000000)
                    """)
    void textsThatCannotBe(String key, String value, String problem) {
        assertThat(problems(key, value)).containsExactly("." + key + ": " + problem);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    max_pending | 0       | 0 (expected: a whole number, 1..100000)
                    max_pending | 100001  | 100001 (expected: a whole number, 1..100000)
                    max_pending | 1.5     | 1.5 (expected: a whole number, 1..100000)
                    hits_addend | 0       | 0 (expected: a whole number, 1..1000000)
                    hits_addend | -3      | -3 (expected: a whole number, 1..1000000)
                    hits_addend | 1000001 | 1000001 (expected: a whole number, 1..1000000)
                    hits_addend | 0.5     | 0.5 (expected: a whole number, 1..1000000)
                    """)
    void numbersThatCannotBe(String key, double value, String problem) {
        Number number = value == Math.rint(value) ? (Number) (int) value : (Number) value;

        assertThat(problems(key, number)).containsExactly("." + key + ": " + problem);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    service      | (expected: a text)
                    domain       | (expected: a text)
                    timeout      | (expected: a single value)
                    failure_mode | (expected: a text)
                    max_pending  | (expected: a whole number, 1..100000)
                    hits_addend  | (expected: a whole number, 1..1000000)
                    """)
    void valuesOfAnotherKind(String key, String expected) {
        assertThat(problems(key, List.of("a", "b"))).contains("." + key + ": a list " + expected);
        assertThat(problems(key, Map.of("a", "b"))).contains("." + key + ": a map " + expected);
    }

    @Test
    void whatIsMissing() {
        assertThat(problems("service", null)).containsExactly(".service: missing");
        assertThat(problems("domain", null)).containsExactly(".domain: missing");
        assertThat(problems(Map.of())).containsExactlyInAnyOrder(".service: missing", ".domain: missing");
    }

    @Test
    void keysThatNobodyKnows() {
        assertThat(problems("timout", "20ms")).containsExactly(".timout: unknown key (did you mean \"timeout\"?)");
        assertThat(problems("rate", "1/s"))
                .containsExactly(".rate: unknown key (expected: timeout, failure_mode, max_pending, hits_addend,"
                        + " domain, service)");
    }

    @Test
    void whatIsNoSection() {
        assertThat(problems("ratelimit")).contains(": \"ratelimit\" (expected: a map)");
        assertThat(problems(List.of("ratelimit"))).contains(": a list (expected: a map)");
    }

    @Test
    void allThatIsWrongAtOnce() {
        assertThat(problems(Map.of(
                        "service",
                        "nobody",
                        "timeout",
                        "1h",
                        "failure_mode",
                        "",
                        "max_pending",
                        true,
                        "hits_added",
                        2)))
                .containsExactlyInAnyOrder(
                        ".service: unknown cluster \"nobody\" (expected: ratelimit)",
                        ".domain: missing",
                        ".timeout: \"1h\" (expected: more than 0, at most 10s)",
                        ".failure_mode: \"\" (expected: allow, deny)",
                        ".max_pending: true (expected: a whole number, 1..100000)",
                        ".hits_added: unknown key (did you mean \"hits_addend\"?)");
    }
}
