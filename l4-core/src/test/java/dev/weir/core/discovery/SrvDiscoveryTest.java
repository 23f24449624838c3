package dev.weir.core.discovery;

import static dev.weir.core.discovery.Behind.eventually;
import static dev.weir.core.discovery.DnsServer.ip;
import static dev.weir.core.discovery.DnsServer.srv;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.Proxy;
import dev.weir.core.config.ConfigException;
import dev.weir.core.discovery.DnsServer.Mood;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Endpoints from service records that change, behind a real proxy. */
class SrvDiscoveryTest {
    private static final String NAME = "_redis._tcp.example.test";

    private static Map<String, Object> discovery(DnsServer server) {
        return new HashMap<>(Map.of(
                "type",
                "srv",
                "name",
                NAME,
                "servers",
                List.of(server.address()),
                "min_refresh",
                "10ms",
                "max_refresh",
                "50ms",
                "timeout",
                "200ms"));
    }

    private static DnsServer.Entry record(int priority, int weight, int port, String target) {
        return srv(NAME, 0, new int[] {priority, weight, port}, target);
    }

    @Test
    void takesTheAddressesOfTheTargetsOfTheFirstPriority() throws Exception {
        try (DnsServer server = new DnsServer()
                        .set("b.example.test", ip("b.example.test", 0, "127.0.0.3"))
                        .set("a.example.test", ip("a.example.test", 0, "127.0.0.2"))
                        .set("c.example.test", ip("c.example.test", 0, "127.0.0.4"));
                Behind behind = new Behind(2, 3, 4)) {
            server.set(
                    NAME,
                    record(20, 1, behind.port(), "c.example.test"),
                    record(10, 3, behind.port(), "b.example.test"),
                    record(10, 1, behind.port(), "a.example.test"));

            behind.start(discovery(server));

            assertThat(behind.becomes(behind.at(2), behind.at(3))).isTrue();
            assertThat(behind.weights()).containsExactly(1, 3);
            assertThat(behind.names())
                    .containsExactly("a.example.test:" + behind.port(), "b.example.test:" + behind.port());
            assertThat(server.asked("c.example.test A")).isZero();
        }
    }

    @Test
    void givesWeightZeroAVerySmallShare() throws Exception {
        try (DnsServer server = new DnsServer()
                        .set("a.example.test", ip("a.example.test", 0, "127.0.0.2"))
                        .set("b.example.test", ip("b.example.test", 0, "127.0.0.3"));
                Behind behind = new Behind(2, 3)) {
            server.set(
                    NAME,
                    record(1, 65_535, behind.port(), "a.example.test"),
                    record(1, 0, behind.port(), "b.example.test"));

            behind.start(discovery(server));

            assertThat(behind.becomes(behind.at(2), behind.at(3))).isTrue();
            assertThat(behind.weights()).containsExactly(65_535 * 15, 1);
        }
    }

    @Test
    void aTargetWithSeveralAddressesHasNoNameForThem() throws Exception {
        try (DnsServer server = new DnsServer()
                        .set(
                                "a.example.test",
                                ip("a.example.test", 0, "127.0.0.3"),
                                ip("a.example.test", 0, "127.0.0.2"));
                Behind behind = new Behind(2, 3)) {
            server.set(NAME, record(1, 5, behind.port(), "a.example.test"));

            behind.start(discovery(server));

            assertThat(behind.becomes(behind.at(2), behind.at(3))).isTrue();
            assertThat(behind.names()).containsOnlyNulls();
        }
    }

    @Test
    void followsRecordsThatChangeWhileConnectionsRun() throws Exception {
        try (DnsServer server = new DnsServer()
                        .set("a.example.test", ip("a.example.test", 0, "127.0.0.2"))
                        .set("b.example.test", ip("b.example.test", 0, "127.0.0.3"));
                Behind behind = new Behind(2, 3, 4)) {
            server.set(NAME, record(1, 1, behind.port(), "a.example.test"));
            behind.start(discovery(server));
            assertThat(eventually(() -> behind.ask() == 2)).isTrue();
            try (Behind.Load load = behind.load()) {
                server.set(NAME, record(1, 1, behind.port(), "b.example.test"));
                assertThat(behind.becomes(behind.at(3))).isTrue();
                assertThat(load.next(5)).containsOnly(3);

                server.set("b.example.test", ip("b.example.test", 0, "127.0.0.4"));
                assertThat(behind.becomes(behind.at(4))).isTrue();
                assertThat(load.next(5)).containsOnly(4);

                assertThat(load.answers()).containsOnly(2, 3, 4);
            }
        }
    }

    @Test
    void keepsTheAddressOfATargetThatCannotBeResolved() throws Exception {
        try (DnsServer server = new DnsServer()
                        .set("a.example.test", ip("a.example.test", 0, "127.0.0.2"))
                        .set("b.example.test", ip("b.example.test", 0, "127.0.0.3"));
                Behind behind = new Behind(2, 3, 4)) {
            server.set(
                    NAME, record(1, 1, behind.port(), "a.example.test"), record(1, 1, behind.port(), "b.example.test"));
            behind.start(discovery(server));
            assertThat(behind.becomes(behind.at(2), behind.at(3))).isTrue();

            server.mood("a.example.test", Mood.SERVFAIL);
            server.set("b.example.test", ip("b.example.test", 0, "127.0.0.4"));

            assertThat(eventually(() -> behind.endpoints().contains(behind.at(4))
                            && behind.endpoints().size() == 2))
                    .isTrue();
            assertThat(behind.endpoints()).contains(behind.at(2));
            assertThat(behind.failsAgain()).isTrue();
        }
    }

    @Test
    void keepsWhatWasGoodWhenThereIsNoSuchService() throws Exception {
        try (DnsServer server = new DnsServer().set("a.example.test", ip("a.example.test", 0, "127.0.0.2"));
                Behind behind = new Behind(2)) {
            server.set(NAME, record(1, 1, behind.port(), "a.example.test"));
            behind.start(discovery(server));
            assertThat(behind.becomes(behind.at(2))).isTrue();

            server.set(NAME, record(0, 0, 0, ""));

            assertThat(behind.failsAgain()).isTrue();
            server.forget(NAME);
            assertThat(behind.failsAgain()).isTrue();
            assertThat(behind.ask()).isEqualTo(2);
        }
    }

    @Test
    void resolvesMoreTargetsThanAreAskedForAtATime() throws Exception {
        try (DnsServer server = new DnsServer();
                Behind behind = new Behind(2)) {
            DnsServer.Entry[] records = new DnsServer.Entry[100];
            for (int i = 0; i < records.length; i++) {
                String target = "t" + i + ".example.test";
                server.set(target, ip(target, 0, "127.1.0." + i));
                records[i] = record(1, 1, behind.port(), target);
            }
            server.set(NAME, records);
            server.mood(NAME, Mood.TRUNCATE);

            behind.start(discovery(server));

            assertThat(eventually(() -> behind.endpoints().size() == 100)).isTrue();
            assertThat(behind.endpoints()).contains("127.1.0.0:" + behind.port(), "127.1.0.99:" + behind.port());
        }
    }

    @Test
    void saysWhatIsWrongInTheConfiguration() {
        Map<String, Object> wrong = Map.of("type", "srv", "name", "a..b", "port", 5);

        assertThatThrownBy(() -> Proxy.builder().start(Behind.config(wrong)))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("clusters[0].discovery.name: \"a..b\"")
                .hasMessageContaining("clusters[0].discovery.port: unknown key");
    }
}
