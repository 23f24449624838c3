package dev.weir.core.discovery;

import static dev.weir.core.discovery.Behind.eventually;
import static dev.weir.core.discovery.DnsServer.alias;
import static dev.weir.core.discovery.DnsServer.ip;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.Proxy;
import dev.weir.core.config.ConfigException;
import dev.weir.core.discovery.DnsServer.Mood;
import io.netty.handler.codec.dns.DnsRecordType;
import java.net.Socket;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Endpoints from a server of names that changes its mind and fails, behind a real proxy. */
class DnsDiscoveryTest {
    private static final String NAME = "db.example.test";

    private static Map<String, Object> dns(Behind behind, DnsServer... servers) {
        return new HashMap<>(Map.of(
                "type",
                "dns",
                "address",
                NAME + ":" + behind.port(),
                "servers",
                java.util.Arrays.stream(servers).map(DnsServer::address).toList(),
                "min_refresh",
                "10ms",
                "max_refresh",
                "50ms",
                "timeout",
                "200ms"));
    }

    @Test
    void makesEveryAddressAnEndpoint() throws Exception {
        try (DnsServer server = new DnsServer()
                        .set(NAME, ip(NAME, 0, "127.0.0.3"), ip(NAME, 0, "2001:db8::1"), ip(NAME, 0, "127.0.0.2"));
                Behind behind = new Behind(2, 3)) {
            behind.start(dns(behind, server));

            assertThat(behind.becomes(behind.at(2), behind.at(3), "[2001:db8::1]:" + behind.port()))
                    .isTrue();
        }
    }

    @Test
    void followsRecordsThatChangeWhileConnectionsRun() throws Exception {
        try (DnsServer server = new DnsServer().set(NAME, ip(NAME, 0, "127.0.0.2"));
                Behind behind = new Behind(2, 3)) {
            behind.start(dns(behind, server));
            assertThat(eventually(() -> behind.ask() == 2)).isTrue();
            try (Socket old = behind.connect();
                    Behind.Load load = behind.load()) {
                assertThat(old.getInputStream().read()).isEqualTo(2);

                for (int round = 0; round < 5; round++) {
                    server.set(NAME, ip(NAME, 0, "127.0.0.3"));
                    assertThat(behind.becomes(behind.at(3))).isTrue();
                    assertThat(load.next(5)).containsOnly(3);
                    server.set(NAME, ip(NAME, 0, "127.0.0.2"));
                    assertThat(behind.becomes(behind.at(2))).isTrue();
                    assertThat(load.next(5)).containsOnly(2);
                }

                assertThat(load.answers()).containsOnly(2, 3);
                old.getOutputStream().write(77);
                assertThat(old.getInputStream().read()).isEqualTo(77);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = "ANSWER", mode = EnumSource.Mode.EXCLUDE)
    void keepsWhatWasGoodWhenTheServerFails(Mood mood) throws Exception {
        try (DnsServer server = new DnsServer().set(NAME, ip(NAME, 0, "127.0.0.2"), ip(NAME, 0, "127.0.0.3"));
                Behind behind = new Behind(2, 3)) {
            behind.start(dns(behind, server));
            assertThat(behind.becomes(behind.at(2), behind.at(3))).isTrue();
            server.closeTcp();

            server.mood(NAME, mood);

            assertThat(behind.failsAgain()).isTrue();
            assertThat(behind.failsAgain()).isTrue();
            assertThat(behind.endpoints()).containsExactly(behind.at(2), behind.at(3));
            server.set(NAME, ip(NAME, 0, "127.0.0.3"));
            server.mood(NAME, Mood.ANSWER);
            assertThat(behind.becomes(behind.at(3))).isTrue();
        }
    }

    @Test
    void asksAtOnceWhenAHostFailsItsChecks() throws Exception {
        try (DnsServer server = new DnsServer().set(NAME, ip(NAME, 3_600, "127.0.0.2"));
                Behind behind = new Behind(2, 3)) {
            Map<String, Object> discovery = dns(behind, server);
            discovery.put("min_refresh", "1h");
            discovery.put("max_refresh", "24h");
            behind.start(
                    Map.of("discovery", discovery, "health_check", Map.of("type", "tcp", "interval", "20ms")), "c");
            assertThat(behind.becomes(behind.at(2))).isTrue();
            server.set(NAME, ip(NAME, 3_600, "127.0.0.3"));

            behind.stop(2);

            assertThat(behind.becomes(behind.at(3))).isTrue();
        }
    }

    @Test
    void asksNoMoreForAClusterThatIsGone() throws Exception {
        String question = NAME + " A";
        String other = "other.example.test";
        try (DnsServer server =
                        new DnsServer().set(NAME, ip(NAME, 0, "127.0.0.2")).set(other, ip(other, 0, "127.0.0.2"));
                Behind behind = new Behind(2)) {
            behind.start(dns(behind, server));
            assertThat(eventually(() -> server.asked(question) > 3)).isTrue();
            Map<String, Object> next = dns(behind, server);
            next.put("address", other + ":" + behind.port());

            behind.apply(Map.of("discovery", next), "d");

            assertThat(eventually(() -> server.asked(other + " A") > 10)).isTrue();
            long last = server.asked(question);
            long now = server.asked(other + " A");
            assertThat(eventually(() -> server.asked(other + " A") > now + 20)).isTrue();
            assertThat(server.asked(question)).isEqualTo(last);
        }
    }

    @Test
    void keepsWhatWasGoodWhenTheNameIsGoneOrEmpty() throws Exception {
        try (DnsServer server = new DnsServer().set(NAME, ip(NAME, 0, "127.0.0.2"));
                Behind behind = new Behind(2)) {
            behind.start(dns(behind, server));
            assertThat(behind.becomes(behind.at(2))).isTrue();

            server.forget(NAME);

            assertThat(behind.failsAgain()).isTrue();
            server.set(NAME);
            assertThat(behind.failsAgain()).isTrue();
            assertThat(behind.ask()).isEqualTo(2);
        }
    }

    @Test
    void findsEndpointsAsSoonAsTheNameAppears() throws Exception {
        try (DnsServer server = new DnsServer();
                Behind behind = new Behind(2)) {
            behind.start(dns(behind, server));
            assertThat(eventually(() -> behind.answers("failed") > 0)).isTrue();

            server.set(NAME, ip(NAME, 0, "127.0.0.2"));

            assertThat(eventually(() -> behind.ask() == 2)).isTrue();
        }
    }

    @Test
    void asksByTcpForWhatDoesNotFit() throws Exception {
        try (DnsServer server = new DnsServer().set(NAME, ip(NAME, 0, "127.0.0.2"), ip(NAME, 0, "127.0.0.3"));
                Behind behind = new Behind(2, 3)) {
            server.mood(NAME, Mood.TRUNCATE);

            behind.start(dns(behind, server));

            assertThat(behind.becomes(behind.at(2), behind.at(3))).isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Mood.class,
            names = {"SERVFAIL", "REFUSED", "SILENT"})
    void asksTheNextServerWhenOneFails(Mood mood) throws Exception {
        try (DnsServer first = new DnsServer().set(NAME);
                DnsServer second = new DnsServer().set(NAME, ip(NAME, 0, "127.0.0.2"));
                Behind behind = new Behind(2)) {
            first.mood(NAME, mood);

            behind.start(dns(behind, first, second));

            assertThat(behind.becomes(behind.at(2))).isTrue();
            assertThat(first.asked(NAME + " A")).isPositive();
        }
    }

    @Test
    void keepsTheAddressesOfAFamilyThatCannotBeAskedFor() throws Exception {
        try (DnsServer server = new DnsServer().set(NAME, ip(NAME, 0, "127.0.0.2"), ip(NAME, 0, "2001:db8::1"));
                Behind behind = new Behind(2, 3)) {
            String six = "[2001:db8::1]:" + behind.port();
            behind.start(dns(behind, server));
            assertThat(behind.becomes(behind.at(2), six)).isTrue();

            server.mood(NAME, DnsRecordType.AAAA, Mood.SERVFAIL);
            server.set(NAME, ip(NAME, 0, "127.0.0.3"));

            assertThat(behind.becomes(behind.at(3), six)).isTrue();
            server.mood(NAME, DnsRecordType.AAAA, Mood.ANSWER);
            assertThat(behind.becomes(behind.at(3))).isTrue();
        }
    }

    @Test
    void followsAliasesInOneAnswerAndAcrossAnswers() throws Exception {
        try (DnsServer server = new DnsServer()
                        .set(NAME, alias(NAME, 0, "one.example.test"), alias("one.example.test", 0, "Two.Example.test"))
                        .set("two.example.test", ip("two.example.test", 0, "127.0.0.2"));
                Behind behind = new Behind(2)) {
            behind.start(dns(behind, server));

            assertThat(behind.becomes(behind.at(2))).isTrue();
        }
    }

    @Test
    void takesAliasesThatGoRoundForAFailure() throws Exception {
        try (DnsServer server = new DnsServer().set(NAME, ip(NAME, 0, "127.0.0.2"));
                Behind behind = new Behind(2)) {
            behind.start(dns(behind, server));
            assertThat(behind.becomes(behind.at(2))).isTrue();

            server.set(NAME, alias(NAME, 0, "x.example.test"), alias("x.example.test", 0, NAME));
            assertThat(behind.failsAgain()).isTrue();
            server.set(NAME, alias(NAME, 0, "y.example.test"));
            server.set("y.example.test", alias("y.example.test", 0, NAME));

            assertThat(behind.failsAgain()).isTrue();
            assertThat(behind.failsAgain()).isTrue();
            assertThat(behind.ask()).isEqualTo(2);
        }
    }

    @Test
    void asksForOneFamilyWhereConfigured() throws Exception {
        try (DnsServer server = new DnsServer().set(NAME, ip(NAME, 0, "127.0.0.2"), ip(NAME, 0, "2001:db8::1"));
                Behind behind = new Behind(2)) {
            Map<String, Object> four = dns(behind, server);
            four.put("families", "ipv4");

            behind.start(four);

            assertThat(behind.becomes(behind.at(2))).isTrue();
            assertThat(server.asked(NAME + " AAAA")).isZero();
        }
    }

    @Test
    void saysWhatIsWrongInTheConfiguration() {
        Map<String, Object> wrong = Map.of(
                "type",
                "dns",
                "address",
                "10.0.0.1:6379",
                "servers",
                List.of("ns.example.com", "127.0.0.1:0"),
                "min_refresh",
                "10s",
                "max_refresh",
                "1s",
                "refresh",
                "0s",
                "families",
                "ipv5");

        assertThatThrownBy(() -> Proxy.builder().start(Behind.config(wrong)))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("clusters[0].discovery.address: \"10.0.0.1:6379\" (expected: name:port")
                .hasMessageContaining("discovery.servers[0]: \"ns.example.com\"")
                .hasMessageContaining("discovery.servers[1]: \"127.0.0.1:0\"")
                .hasMessageContaining("discovery.max_refresh: max_refresh is shorter than min_refresh")
                .hasMessageContaining("discovery.refresh: 0")
                .hasMessageContaining("discovery.families: \"ipv5\"");
    }
}
