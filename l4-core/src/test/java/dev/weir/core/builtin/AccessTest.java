package dev.weir.core.builtin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.Glob;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.ConnectionAttribute;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterContext;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.ProxyHeader;
import dev.weir.core.testkit.FilterTester;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AccessTest {
    private static final String REFUSED = "NOPERM this command is not allowed here\n";

    private static Map<String, Object> rule(String action, Object... conditions) {
        Map<String, Object> rule = new HashMap<>(Map.of("action", action));
        for (int i = 0; i < conditions.length; i += 2) {
            rule.put((String) conditions[i], conditions[i + 1]);
        }
        return rule;
    }

    @SafeVarargs
    @SuppressWarnings("varargs") // only read
    private static FilterBed access(Map<String, ?>... rules) {
        return FilterBed.of(new AccessFactory(), rules);
    }

    @Test
    void refusesInTheProtocolsOwnErrorAtTheCommandsPlace() {
        FilterBed bed = access(rule("deny", "commands", "SET", "name", "no_writes"));
        try (FilterTester tester = bed.connection()) {
            tester.client("GET READ a u -\nSET WRITE a u -\nGET READ a u -\n");
            tester.upstream("1\n2\n");

            assertThat(tester.toUpstream()).isEqualTo("GET READ a u -\nGET READ a u -\n");
            assertThat(tester.toClient()).isEqualTo("1\n" + REFUSED + "2\n");
        }
        assertThat(bed.counts("weir_access_commands", "rule", "action"))
                .isEqualTo(Map.of("_none allowed", 2, "no_writes denied", 1));
        assertThat(bed.counts("weir_access_connections", "action")).isEqualTo(Map.of("allowed", 1));
    }

    @Test
    void denyWinsAndAnAllowListIsComplete() {
        FilterBed bed = access(rule("allow", "commands", "GET*"), rule("deny", "commands", "getex"));

        assertThat(bed.lets("GET READ a u -")).isTrue();
        assertThat(bed.lets("GETEX WRITE a u -")).isFalse();
        assertThat(bed.lets("SET WRITE a u -")).isFalse();
        assertThat(bed.lets("_OTHER WRITE a u -")).isFalse();
        assertThat(bed.counts("weir_access_commands", "rule", "action"))
                .isEqualTo(Map.of("rule_1 allowed", 1, "rule_2 denied", 1, "_none denied", 2));
    }

    @Test
    void aNameStandsForItsSubcommandsToo() {
        assertThat(access(rule("deny", "commands", "config")).lets("CONFIG_SET WRITE a u -"))
                .isFalse();
        assertThat(access(rule("deny", "commands", "CONFIG|SET")).lets("CONFIG_SET WRITE a u -"))
                .isFalse();
        assertThat(access(rule("deny", "commands", "CONFIG SET")).lets("CONFIG WRITE a u -"))
                .isTrue();
    }

    @Test
    void kindsStandBesideNames() {
        FilterBed bed = access(rule("allow", "commands", List.of("@read", "SET")));

        assertThat(bed.lets("GET READ a u -")).isTrue();
        assertThat(bed.lets("SET WRITE a u -")).isTrue();
        assertThat(bed.lets("GETEX WRITE a u -")).isFalse();
        assertThat(bed.lets("QUERY SESSION a u -")).isFalse();
        assertThat(access(rule("deny", "commands", "@write")).lets("_OTHER WRITE - - -"))
                .isFalse();
    }

    @Test
    void loginsPassAllowListsAndRulesByUser() {
        FilterBed byUser = access(rule("allow", "users", "ann"), rule("deny", "users", "default"));
        assertThat(byUser.lets("AUTH LOGIN - default -")).isTrue();
        assertThat(byUser.lets("AUTH LOGIN - - -")).isTrue();
        assertThat(byUser.lets("GET READ a ann -")).isTrue();
        assertThat(byUser.lets("GET READ a default -")).isFalse();
        assertThat(byUser.lets("GET READ a - -")).isFalse();

        assertThat(access(rule("deny", "namespaces", "*")).lets("AUTH LOGIN a u -"))
                .isTrue();
        assertThat(access(rule("deny", "commands", "AUTH")).lets("AUTH LOGIN a u -"))
                .isFalse();
        assertThat(access(rule("deny", "clients", "0.0.0.0/0")).lets("AUTH LOGIN a u -"))
                .isTrue();
    }

    @Test
    void whatIsNotKnownIsDeniedAndNotAllowed() {
        assertThat(access(rule("deny", "namespaces", "secret")).lets("GET READ - u -"))
                .isFalse();
        assertThat(access(rule("allow", "namespaces", "open*")).lets("GET READ - u -"))
                .isFalse();
        assertThat(access(rule("deny", "users", "bob")).lets("GET READ a - -")).isFalse();
        assertThat(access(rule("deny", "server_names", "a.example")).lets("GET READ a u -"))
                .isFalse();
        assertThat(access(rule("deny", "certificate_names", "bob")).lets("GET READ a u -"))
                .isFalse();
        assertThat(access(rule("allow", "certificate_names", "*")).lets("GET READ a u -"))
                .isFalse();
    }

    @Test
    void namespacesAreDeniedInAnyCaseAndAllowedInTheirs() {
        assertThat(access(rule("deny", "namespaces", "secret")).lets("GET READ SECRET u -"))
                .isFalse();
        FilterBed allowing = access(rule("allow", "namespaces", "open*"));
        assertThat(allowing.lets("GET READ open1 u -")).isTrue();
        assertThat(allowing.lets("GET READ OPEN1 u -")).isFalse();
    }

    @Test
    void commandsOfTheSessionRunInNoNamespace() {
        assertThat(access(rule("deny", "namespaces", "admin")).lets("QUERY SESSION admin u -"))
                .isTrue();
        assertThat(access(rule("allow", "namespaces", "shop")).lets("QUERY SESSION admin u -"))
                .isTrue();
        assertThat(access(rule("allow", "namespaces", "shop", "users", "ann")).lets("QUERY SESSION admin bob -"))
                .isFalse();
    }

    @Test
    void aStatementThatCannotBeToldIsDeniedByEveryRuleByStatement() {
        FilterBed denying = access(rule("deny", "statements", "drop"));
        assertThat(denying.lets("QUERY READ a u SELECT")).isTrue();
        assertThat(denying.lets("QUERY WRITE a u DROP")).isFalse();
        assertThat(denying.lets("QUERY WRITE a u _OTHER")).isFalse();
        assertThat(denying.lets("QUERY WRITE a u NEVER_HEARD_OF")).isFalse();
        assertThat(denying.lets("GET READ a u -")).isTrue();

        FilterBed allowing = access(rule("allow", "statements", "SELECT"));
        assertThat(allowing.lets("QUERY READ a u SELECT")).isTrue();
        assertThat(allowing.lets("QUERY WRITE a u _OTHER")).isFalse();
        assertThat(allowing.lets("GET READ a u -")).isFalse();
    }

    @Test
    void allConditionsOfARuleMustHold() {
        FilterBed bed = access(rule("deny", "commands", "SET", "namespaces", "a", "users", List.of("ann", "b*b")));

        assertThat(bed.lets("SET WRITE a bob -")).isFalse();
        assertThat(bed.lets("SET WRITE a eve -")).isTrue();
        assertThat(bed.lets("SET WRITE b bob -")).isTrue();
        assertThat(bed.lets("GET READ a bob -")).isTrue();
    }

    @Test
    void aChangeOfUserAndNamespaceIsSeenByTheNextCommand() {
        try (FilterTester tester =
                access(rule("deny", "users", "bob", "namespaces", "a")).connection()) {
            tester.client("GET READ a ann -\nGET READ a bob -\nGET READ b bob -\nGET READ a bob -\nGET READ a ann -\n");

            assertThat(tester.toUpstream()).isEqualTo("GET READ a ann -\nGET READ b bob -\nGET READ a ann -\n");
        }
    }

    @Test
    void rulesInShadowOnlyCount() {
        FilterBed bed = access(
                rule("allow", "commands", List.of("@read", "@write")),
                rule("deny", "commands", "SET", "shadow", true, "name", "planned"),
                rule("allow", "commands", "GET", "shadow", true));

        assertThat(bed.lets("SET WRITE a u -")).isTrue();
        assertThat(bed.lets("GET READ a u -")).isTrue();
        assertThat(bed.counts("weir_access_commands", "rule", "action"))
                .isEqualTo(Map.of("planned shadow_denied", 1, "rule_1 allowed", 1));

        FilterBed listed = access(rule("allow", "commands", "GET", "shadow", true));
        assertThat(listed.lets("SET WRITE a u -")).isTrue();
        assertThat(listed.counts("weir_access_commands", "rule", "action")).isEqualTo(Map.of("_none shadow_denied", 1));
    }

    @Test
    void aFilterInShadowRefusesNeitherConnectionsNorCommands() {
        FilterBed bed = FilterBed.of(
                new AccessFactory(),
                Map.of(
                        "shadow",
                        true,
                        "allow",
                        "10.0.0.0/8",
                        "protocol",
                        "w",
                        "rules",
                        List.of(rule("deny", "commands", "GET"))));

        assertThat(bed.lets("GET READ a u -")).isTrue();
        assertThat(bed.counts("weir_access_connections", "action")).isEqualTo(Map.of("shadow_denied", 1));
        assertThat(bed.counts("weir_access_commands", "action")).isEqualTo(Map.of("shadow_denied", 1));
    }

    @Test
    void refusesConnectionsByAddressBesideRules() {
        FilterBed bed = FilterBed.of(
                new AccessFactory(),
                Map.of("allow", "10.0.0.0/8", "protocol", "words", "rules", List.of(rule("allow"))));
        try (FilterTester tester = bed.connection()) {
            assertThat(tester.closeReason()).isEqualTo(CloseReason.DENIED);
        }
        assertThat(bed.counts("weir_access_connections", "action")).isEqualTo(Map.of("denied", 1));
    }

    @Test
    void closesWhatItCannotReadUnlessToldOtherwise() {
        FilterBed closing = access(rule("deny", "commands", "SET"));
        try (FilterTester tester = closing.connection()) {
            tester.client("GET READ a u -\nno command\nSET WRITE a u -\n");

            assertThat(tester.toUpstream()).doesNotContain("SET");
            assertThat(tester.closeReason()).isEqualTo(CloseReason.FILTER);
        }
        assertThat(closing.counts("weir_gate_undecodable", "filter", "action")).isEqualTo(Map.of("access close", 1));

        FilterBed passing = FilterBed.of(
                new AccessFactory(),
                Map.of("protocol", "words", "on_undecodable", "pass", "rules", List.of(rule("deny"))));
        try (FilterTester tester = passing.connection()) {
            tester.client("no command\n");

            assertThat(tester.toUpstream()).isEqualTo("no command\n");
        }
    }

    /** Says of whom the connection is, before the filter under test is opened. */
    private record Identity(Map<Integer, byte[]> values) implements NetworkFilter {
        @Override
        public Opening onOpen(FilterContext context) {
            SocketAddress peer = new InetSocketAddress(9);
            context.connection().set(ConnectionAttribute.PROXY_HEADER, new ProxyHeader(2, peer, peer, peer, values));
            context.connection().set(ConnectionAttribute.SNI, "Shop.Example");
            return Opening.PROCEED;
        }

        @Override
        public int onData(FilterContext context, Direction direction, io.netty.buffer.ByteBuf data) {
            return data.readableBytes();
        }
    }

    private static boolean lets(FilterBed bed, int flags, int verification, String name) {
        Map<Integer, byte[]> values = Map.of(
                ProxyHeader.SSL,
                new byte[] {(byte) flags, 0, 0, 0, (byte) verification},
                ProxyHeader.SSL_CN,
                name.getBytes(StandardCharsets.UTF_8));
        try (FilterTester tester = FilterTester.of(new Identity(values), bed.filter())) {
            tester.client("GET READ a u -\n");
            return !tester.toUpstream().isEmpty();
        }
    }

    @Test
    void knowsTheServerNameAndTheVerifiedCertificateOfAProxyHeader() {
        FilterBed bed = access(rule("allow", "server_names", "shop.*", "certificate_names", "orders-*"));

        assertThat(lets(bed, 0x03, 0, "orders-1")).isTrue();
        assertThat(lets(bed, 0x05, 0, "orders-1")).isTrue();
        assertThat(lets(bed, 0x03, 0, "Orders-1")).isFalse();
        assertThat(lets(bed, 0x01, 0, "orders-1")).as("no certificate").isFalse();
        assertThat(lets(bed, 0x03, 1, "orders-1")).as("not verified").isFalse();
        assertThat(lets(access(rule("allow", "server_names", "other.*")), 0x03, 0, "x"))
                .isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "*", "**", "a*", "*a", "a*b*c", "abc", "ABC", "*b*", "a**c"})
    void patternsMatchAsTheExpressionsTheyAre(String pattern) {
        String expression = pattern.replace("*", ".*");
        for (String text : List.of("", "a", "abc", "ABC", "aXbYc", "ab", "bc", "aabbcc", "acbc")) {
            assertThat(new Glob(pattern, false).matches(text))
                    .as(pattern + " on " + text)
                    .isEqualTo(text.matches(expression));
            assertThat(new Glob(pattern, true).matches(text))
                    .as(pattern + " on " + text)
                    .isEqualTo(text.matches("(?i)" + expression));
        }
    }
}
