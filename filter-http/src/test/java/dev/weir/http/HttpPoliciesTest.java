package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.ConfigException;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.protocol.Command.Kind;
import dev.weir.core.protocol.CommandSet;
import dev.weir.core.protocol.PolicyWait;
import dev.weir.core.testkit.PolicyTester;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HttpPoliciesTest {
    private static final Set<String> OPERATIONS =
            Set.of("GET /users/{id}", "PUT /users/{id}", "DELETE /users/{id}", "GetItem", "GET /a|b");

    private final PolicyTester bed = new PolicyTester();
    private final List<String> told = new ArrayList<>();

    /** Writes down what is decided. */
    private record Told(List<String> told, String name) implements Verdict {
        @Override
        public void go() {
            told.add(name + " goes");
        }

        @Override
        public void refuse(int status, String message, long retryAfterSeconds) {
            told.add(name + " " + status + " " + message + " " + retryAfterSeconds);
        }

        @Override
        public void abort(CloseReason reason) {
            told.add(name + " abort " + reason);
        }

        @Override
        public void close(CloseReason reason, int status, String message) {
            told.add(name + " close " + reason + " " + status + " " + message);
        }
    }

    @SafeVarargs
    @SuppressWarnings("varargs") // only read
    private ConnectionPolicies policies(Map<String, ?>... policies) {
        HttpPolicies read = bed.read(
                List.of(policies), node -> HttpPolicies.read(node, bed.environment, OPERATIONS, CarriedNames.NONE));
        return read.onLoop(bed.environment).create(bed.connection());
    }

    private static ConnectionPolicies.Asked asked(String operation, @Nullable String user, String... headers) {
        int space = operation.indexOf(' ');
        HttpMethod method = HttpMethod.valueOf(space < 0 ? "POST" : operation.substring(0, space));
        HttpRequest head = new DefaultHttpRequest(HttpVersion.HTTP_1_1, method, "/users/7?full=1");
        for (int i = 0; i < headers.length; i += 2) {
            head.headers().add(headers[i], headers[i + 1]);
        }
        Kind kind = operation.equals("GetItem") ? Kind.READ : HttpCommand.kindOf(method);
        return new ConnectionPolicies.Asked(head, operation, user, new CarriedNames.Called(kind, List.of(), List.of()));
    }

    private @Nullable PolicyWait decide(ConnectionPolicies policies, String operation, @Nullable String user) {
        return policies.decide(asked(operation, user), bed.nanos(), new Told(told, operation));
    }

    @Test
    void withoutPoliciesThereAreNone() {
        HttpPolicies none =
                bed.read(List.of(), node -> HttpPolicies.read(node, bed.environment, OPERATIONS, CarriedNames.NONE));

        assertThat(none).isNull();
    }

    @Test
    void refusesByOperationMethodAndUser() {
        ConnectionPolicies policies = policies(Map.of(
                "type",
                "access",
                "rules",
                List.of(
                        Map.of("action", "allow", "commands", List.of("@read")),
                        Map.of("action", "allow", "commands", List.of("PUT *"), "users", List.of("ann")),
                        Map.of("action", "deny", "commands", List.of("DELETE", "_OTHER")))));
        decide(policies, "GET /users/{id}", null);
        decide(policies, "GetItem", null);
        decide(policies, "PUT /users/{id}", "ann");
        decide(policies, "PUT /users/{id}", "bob");
        decide(policies, "DELETE /users/{id}", "ann");
        decide(policies, CommandSet.OTHER, "ann");

        String refused = " 403 this command is not allowed here 0";
        assertThat(told)
                .containsExactly(
                        "GET /users/{id} goes",
                        "GetItem goes",
                        "PUT /users/{id} goes",
                        "PUT /users/{id}" + refused,
                        "DELETE /users/{id}" + refused,
                        "_OTHER" + refused);
    }

    @Test
    void aNameMayHaveABarInIt() {
        ConnectionPolicies policies = policies(
                Map.of("type", "access", "rules", List.of(Map.of("action", "deny", "commands", List.of("GET /a|b")))));

        decide(policies, "GET /a|b", null);
        decide(policies, "GET /users/{id}", null);

        assertThat(told.get(0)).startsWith("GET /a|b 403");
        assertThat(told.get(1)).isEqualTo("GET /users/{id} goes");
    }

    @Test
    void retryAfterIsInWholeSeconds() {
        ConnectionPolicies policies = policies(
                Map.of("type", "rate_limit", "commands", List.of(Map.of("per", "client", "rate", "20/m", "burst", 1))));
        decide(policies, "GetItem", null);
        decide(policies, "GetItem", null);
        bed.advance(Duration.ofMillis(1_900));
        decide(policies, "GetItem", null);
        bed.advance(Duration.ofSeconds(1));
        decide(policies, "GetItem", null);

        assertThat(told)
                .containsExactly(
                        "GetItem goes",
                        "GetItem 429 rate limited 3",
                        "GetItem 429 rate limited 2",
                        "GetItem 429 rate limited 1");
    }

    @Test
    void faultsDelayAnswerAndAbort() {
        ConnectionPolicies policies = policies(
                Map.of(
                        "type",
                        "fault",
                        "rules",
                        List.of(
                                Map.of("percent", 100, "abort", true, "commands", "DELETE"),
                                Map.of(
                                        "percent",
                                        100,
                                        "delay",
                                        "1s",
                                        "error",
                                        Map.of("status", 418, "message", "teapot"),
                                        "commands",
                                        "PUT"),
                                Map.of("percent", 100, "delay", "2s", "commands", "GET"),
                                Map.of("percent", 100, "error", Map.of(), "commands", "_OTHER"))),
                Map.of(
                        "type",
                        "rate_limit",
                        "commands",
                        List.of(Map.of("per", "client", "rate", "1/h", "action", "close"))));
        PolicyWait first = decide(policies, "GET /users/{id}", null);
        decide(policies, "GET /users/{id}", null);
        decide(policies, "GET /users/{id}", null);
        decide(policies, "DELETE /users/{id}", null);
        decide(policies, "PUT /users/{id}", null);
        decide(policies, CommandSet.OTHER, null);
        assertThat(told).containsExactly("DELETE /users/{id} abort FAULT", "_OTHER 503 fault injected by the proxy 0");
        first.cancel();
        bed.advance(Duration.ofSeconds(1));
        bed.advance(Duration.ofSeconds(1));

        assertThat(told.subList(2, told.size()))
                .containsExactly(
                        "PUT /users/{id} 418 teapot 0",
                        "GET /users/{id} goes",
                        "GET /users/{id} close RATE_LIMITED 429 rate limited");
    }

    @Test
    void theEndOfTheConnectionIsTheEndOfAllThatWaits() {
        ConnectionPolicies policies = policies(
                Map.of("type", "fault", "rules", List.of(Map.of("percent", 100, "delay", "2s")), "max_active", 1));
        decide(policies, "GetItem", null);

        policies.close();
        bed.advance(Duration.ofSeconds(3));

        assertThat(told).isEmpty();
        assertThat(bed.waits()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"99", "600", "1000", "teapot", "4x4", "''"})
    void knowsWhatAStatusIs(String status) {
        Map<String, ?> rule = Map.of("percent", 1, "error", Map.of("status", status));
        try {
            policies(Map.of("type", "fault", "rules", List.of(rule)));
            throw new AssertionError("not found");
        } catch (ConfigException e) {
            assertThat(e.problems())
                    .singleElement()
                    .asString()
                    .startsWith("policies[0].rules[0].error.status: \"" + status + "\" (expected: a status, 200..599)");
        }
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "/users/7?full=1, method, GET",
                "/users/7?full=1, path, /users/7",
                "/users/7?full=1, path_template, /users/{id}",
                "/users/7?full=1, host, api.example.com",
                "/users/7?full=1, request_header::path, /users/7?full=1",
                "/users/7?full=1, request_header::method, GET",
                "/users/7?full=1, request_header::authority, API.example.com:8080",
                "/users/7?full=1, request_header:x-tenant, 'a,b'",
                "/users/7?full=1, request_header:x-none, -",
                "/users/7?full=1, status, -",
                "http://u@Other.example:80/x?y=/z, host, other.example",
                "http://u@Other.example:80/x?y=/z, path, /x",
                "http://[::1]:80?y=/z, host, [::1]",
                "http://[::1], host, [::1]",
                "http://[::1]?y=/z, path, /",
                "http://[::1]?y=/z, request_header::path, /?y=/z",
                "*, path, *",
                "'', path, ''",
            })
    void attributesAreThoseOfTheRequest(String target, String attribute, @Nullable String value) {
        HttpRequest head = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, target);
        head.headers().add("Host", "API.example.com:8080").add("X-Tenant", "a").add("x-tenant", "b");
        ConnectionPolicies.Asked asked = new ConnectionPolicies.Asked(
                head, "GET /users/{id}", null, CarriedNames.Called.byMethod(HttpMethod.GET));

        assertThat(new HttpCommand(asked, new Told(told, "")).attribute(attribute))
                .isEqualTo(value);
    }

    @Test
    void whatIsMissingIsMissing() {
        HttpCommand command = new HttpCommand(asked("GetItem", null), new Told(told, ""));

        assertThat(command.attribute("path_template")).isNull();
        assertThat(command.attribute("host")).isNull();
    }
}
