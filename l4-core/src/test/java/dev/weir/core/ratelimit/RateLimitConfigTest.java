package dev.weir.core.ratelimit;

import static dev.weir.core.ratelimit.LimitBed.limit;
import static dev.weir.core.ratelimit.LimitBed.problems;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Each message by its text. */
class RateLimitConfigTest {
    private static Map<String, Object> commands(Map<String, Object> limit) {
        return Map.of("protocol", "lines", "commands", List.of(limit));
    }

    private static Map<String, Object> connections(Map<String, Object> limit) {
        return Map.of("connections", List.of(limit));
    }

    @Test
    void wantsALimit() {
        assertThat(problems(Map.of())).contains("no limit given (expected: connections, commands, or both)");
        assertThat(problems(Map.of("protocol", "lines", "connections", List.of(limit("per", "client", "rate", "1/s")))))
                .contains("protocol: without limits of commands (expected: a list \"commands\")");
    }

    @Test
    void wantsScopeAndRate() {
        assertThat(problems(connections(limit("rate", "1/s"))))
                .contains(
                        "connections[0].per: missing (expected: listener, client, or descriptors for a global limit)");
        assertThat(problems(commands(limit("rate", "1/s"))))
                .contains(
                        "commands[0].per: missing (expected: listener, client, user, or descriptors for a global limit)");
        assertThat(problems(connections(limit("per", "user", "rate", "1/s"))))
                .contains("connections[0].per: \"user\" (expected: listener, client)");
        assertThat(problems(connections(limit("per", "client")))).contains("connections[0].rate: missing");
        assertThat(problems(connections(limit("per", "client", "rate", "5"))))
                .contains(
                        "connections[0].rate: \"5\" (expected: a rate such as 100/s, 30/m, 5000/h, 1/d; at most 100000000)");
    }

    @Test
    void boundsTheBurst() {
        assertThat(problems(connections(limit("per", "client", "rate", "1/d", "burst", 31))))
                .contains("connections[0].burst: 31 (expected: at most 30, as a bucket has to fill within 30 days)");
        assertThat(problems(connections(limit("per", "client", "rate", "1/s", "burst", 0))))
                .contains("connections[0].burst: 0 (expected: a whole number, 1..1000000000)");
    }

    @Test
    void limitsOfConnectionsHaveNoSettingsOfCommands() {
        assertThat(problems(connections(limit("per", "client", "rate", "1/s", "action", "close"))))
                .contains("connections[0].action: unknown key");
        assertThat(problems(connections(limit("per", "client", "rate", "1/s", "commands", "get"))))
                .contains("connections[0].commands: unknown key");
    }

    @Test
    void knowsActionsAndTheirBound() {
        assertThat(problems(commands(limit("per", "client", "rate", "1/s", "action", "drop"))))
                .contains("commands[0].action: \"drop\" (expected: deny, delay, close)");
        assertThat(problems(commands(limit("per", "client", "rate", "1/s", "action", "delay", "max_delay", "11s"))))
                .contains("commands[0].max_delay: \"11s\" (expected: more than 0, at most 10s)");
        assertThat(problems(commands(limit("per", "client", "rate", "1/s", "max_delay", "1s"))))
                .contains("commands[0].max_delay: unknown key");
    }

    @Test
    void knowsCommands() {
        assertThat(problems(commands(limit("per", "client", "rate", "1/s", "commands", List.of("gett")))))
                .contains("commands[0].commands[0]: \"gett\" is no command of lines (did you mean \"get\"?)");
        assertThat(problems(commands(limit("per", "client", "rate", "1/s", "commands", List.of("nonsense")))))
                .contains("commands[0].commands[0]: \"nonsense\" is no command of lines (expected: a command, a pattern"
                        + " such as GET*, or one of @read, @write, @session, @login)");
        assertThat(problems(commands(limit("per", "client", "rate", "1/s", "commands", List.of()))))
                .contains("commands[0].commands: empty (expected: at least one)");
        assertThat(problems(commands(limit("per", "client", "rate", "1/s", "commands", List.of("@reads")))))
                .contains("commands[0].commands[0]: \"@reads\" (expected: @read, @write, @session, @login)");
    }

    @Test
    void refusesUsersWhereNobodyTellsThem() {
        assertThatThrownBy(() -> LimitBed.withoutUsers(commands(limit("per", "user", "rate", "1/s"))))
                .hasMessageContaining("commands[0].per: \"user\" (expected: listener or client, as lines does not tell"
                        + " for sure who has logged in)");
    }

    @Test
    void boundsTheNumberOfLimits() {
        List<Map<String, Object>> many = Collections.nCopies(33, limit("per", "client", "rate", "1/s"));

        assertThat(problems(Map.of("connections", many))).contains("connections: 33 limits (expected: at most 32)");
    }

    @Test
    void wantsAServiceForGlobalLimits() {
        assertThat(problems(commands(limit("descriptors", List.of(List.of("user"))))))
                .contains("commands[0].descriptors: nobody to ask (expected: a section \"global\" in this filter)");
    }

    @Test
    void checksDescriptors() {
        assertThat(problems(commands(limit("descriptors", List.of(List.of("usr"))))))
                .contains("commands[0].descriptors[0][0]: \"usr\" (did you mean \"user\"?)");
        assertThat(problems(connections(limit("descriptors", List.of(List.of("command"))))))
                .contains("connections[0].descriptors[0][0]: \"command\""
                        + " (expected: remote_address, listener, app, sni)");
        assertThat(problems(commands(limit("descriptors", List.of()))))
                .contains("commands[0].descriptors: empty (expected: lists such as [ user, command ])");
        assertThat(problems(commands(limit("descriptors", List.of(List.of())))))
                .contains("commands[0].descriptors[0]: no entry (expected: a list such as [ user, command ])");
        assertThat(problems(commands(limit("descriptors", List.of(List.of(Map.of("tier", "")))))))
                .contains("commands[0].descriptors[0][0].tier: empty (expected: a text)");
        assertThat(problems(commands(limit("descriptors", Collections.nCopies(17, List.of("user"))))))
                .contains("commands: 17 descriptors (expected: at most 16)");
    }
}
