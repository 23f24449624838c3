package dev.weir.core.net;

import static dev.weir.core.net.Sockets.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.net.Sockets.Server;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What servers answer, and what becomes of them for that. */
class OutcomesTest {
    private static final Map<String, ?> OUTLIERS =
            Map.of("consecutive_failures", 3, "interval", "1h", "base_ejection_time", "1h", "max_ejection_time", "1h");

    /** Answers each line with the same. */
    private static Server answering(String answer) {
        return new Server(s -> {
            while (s.getInputStream().read() >= 0) {
                byte[] line = (answer + "\n").getBytes(StandardCharsets.UTF_8);
                s.getInputStream().readNBytes(5);
                s.getOutputStream().write(line);
            }
        });
    }

    private static Map<String, ?> cluster(String... endpoints) {
        return Map.of("endpoints", List.of(endpoints), "outlier_detection", OUTLIERS);
    }

    /** A server answers with an error, to clients that connect for one question each. */
    @Test
    void ejectsWhoSaysThatItCannotServe() throws Exception {
        try (Server loading = answering("-LOADING");
                Server good = answering("fine");
                ProxyBed bed = new ProxyBed(cluster(loading.address(), good.address()), Map.of(), "ask_stats")) {
            for (int i = 0; i < 6; i++) {
                assertThat(bed.ask("ASK x")).isIn("-LOADING", "fine");
            }

            assertThat(bed.becomes("ejected", "healthy")).isTrue();
            assertThat(bed.proxy.clusters().get(0).endpoints().get(0).reason())
                    .isEqualTo("3 failures in a row, ejected for 3600000 ms");
            assertThat(bed.proxy.clusters().get(0).endpoints().get(0).ejectedUntil())
                    .isAfter(bed.proxy.clusters().get(0).endpoints().get(0).since());
            assertThat(eventually(() -> answers(bed).equals(List.of("fine", "fine"))))
                    .isTrue();
        }
    }

    @Test
    void doesNotEjectForErrorsOfOtherKinds() throws Exception {
        try (Server wrong = answering("-WRONGTYPE");
                Server good = answering("fine");
                ProxyBed bed = new ProxyBed(cluster(wrong.address(), good.address()), Map.of(), "ask_stats")) {
            for (int i = 0; i < 40; i++) {
                bed.ask("ASK x");
            }

            assertThat(bed.health()).containsExactly("healthy", "healthy");
        }
    }

    @Test
    void asksDiscoveryAgainForWhoIsNotThePrimaryAndEjectsNobody() throws Exception {
        try (Server replica = answering("-READONLY");
                ProxyBed bed = new ProxyBed(
                        Map.of("discovery", Map.of("type", "toy"), "outlier_detection", OUTLIERS),
                        Map.of(),
                        "ask_stats")) {
            assertThat(eventually(() -> ToyDiscovery.RUNNING.containsKey("c"))).isTrue();
            ToyDiscovery.found("c", replica.address());
            assertThat(eventually(() -> bed.ask("ASK x").equals("-READONLY"))).isTrue();
            int before = ToyDiscovery.AGAIN.getOrDefault("c", 0);

            for (int i = 0; i < 10; i++) {
                bed.ask("ASK x");
            }

            assertThat(eventually(() -> ToyDiscovery.AGAIN.getOrDefault("c", 0) > before))
                    .isTrue();
            assertThat(bed.health()).containsExactly("healthy");
            assertThat(bed.meters
                            .get("weir_cluster_ejections")
                            .tag("reason", "not_enforced")
                            .counter()
                            .count())
                    .isZero();
        }
    }

    /** Something accepts for a server that is not there. */
    @Test
    void ejectsWhoAcceptsAndLeavesWithoutAWord() throws Exception {
        try (Server mute = new Server(Socket::close);
                Server good = answering("fine");
                ProxyBed bed = new ProxyBed(cluster(mute.address(), good.address()), Map.of())) {
            for (int i = 0; i < 12; i++) {
                bed.ask("ASK x");
            }

            assertThat(bed.becomes("ejected", "healthy")).isTrue();
        }
    }

    @Test
    void doesNotEjectWhomClientsLeaveWithoutAWord() throws Exception {
        try (Server one = answering("fine");
                Server other = answering("fine");
                ProxyBed bed = new ProxyBed(cluster(one.address(), other.address()), Map.of())) {
            for (int i = 0; i < 20; i++) {
                bed.connect().close();
            }

            assertThat(bed.restsAtZero()).isTrue();
            assertThat(bed.health()).containsExactly("healthy", "healthy");
        }
    }

    /** The connection was made under one configuration, its errors come under another. */
    @Test
    void countsOldConnectionsForTheConfigurationInForce() throws Exception {
        try (Server loading = answering("-LOADING");
                Server good = answering("fine");
                ProxyBed bed = new ProxyBed(cluster(loading.address(), good.address()), Map.of(), "ask_stats");
                Socket a = bed.connect();
                Socket b = bed.connect()) {
            assertThat(List.of(ask(a), ask(b))).contains("-LOADING");
            Map<String, ?> next = Map.of(
                    "endpoints",
                    List.of(loading.address(), good.address()),
                    "outlier_detection",
                    OUTLIERS,
                    "connect_timeout",
                    "7s");
            bed.proxy.apply(ProxyBed.config(next, Map.of(), "ask_stats"));

            for (int i = 0; i < 3; i++) {
                ask(a);
                ask(b);
            }

            assertThat(bed.becomes("ejected", "healthy")).isTrue();
        }
    }

    /** Of two connections in turn. */
    private static List<String> answers(ProxyBed bed) {
        return List.of(bed.ask("ASK x"), bed.ask("ASK x"));
    }

    private static String ask(Socket client) throws IOException {
        client.getOutputStream().write("ASK x\n".getBytes(StandardCharsets.UTF_8));
        return ProxyBed.line(client);
    }
}
