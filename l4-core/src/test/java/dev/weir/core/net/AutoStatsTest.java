package dev.weir.core.net;

import static dev.weir.core.net.Sockets.config;
import static dev.weir.core.net.Sockets.connect;
import static dev.weir.core.net.Sockets.eventually;
import static dev.weir.core.net.Sockets.read;
import static dev.weir.core.net.Sockets.tcpProxy;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.ProxyConfig;
import dev.weir.core.exchange.Exchange;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.protocol.Detection;
import dev.weir.core.protocol.Protocol;
import dev.weir.core.testkit.FakeConnection;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.FilterTester;
import dev.weir.core.testkit.Footprint;
import dev.weir.core.testkit.RecordingExchanges;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.buffer.ByteBuf;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

class AutoStatsTest {
    private static final Map<String, ?> AUTO = Map.of("type", "auto_stats");

    private final FakeEnvironment environment = new FakeEnvironment();
    private final RecordingExchanges exchanges = new RecordingExchanges();
    private boolean enabled = true;

    private NetworkFilter auto(Protocol... protocols) {
        Sniffers sniffers = new Sniffers(new CoreMetrics(environment.meters()), listener -> () -> enabled);
        return sniffers.auto(List.of(protocols), environment)
                .onLoop(environment)
                .create(new FakeConnection());
    }

    private FilterTester both() {
        return FilterTester.of(exchanges, auto(new ToyProtocol.Ask(), new ToyProtocol.Greet()));
    }

    private double stops(String protocol, String reason) {
        return environment
                .meters()
                .find("weir.sniffer.stops")
                .tags("protocol", protocol, "reason", reason)
                .counters()
                .stream()
                .mapToDouble(c -> c.count())
                .sum();
    }

    private List<String> seen() {
        List<String> seen = new ArrayList<>();
        for (Exchange e : exchanges.all()) {
            seen.add(e.protocol + ": " + e.target + " > " + e.statement);
        }
        return seen;
    }

    @Test
    void seesTheFirstCommandWhereverTheClientsBytesAreSplit() {
        String sent = "ASK a\nASK b\n";
        for (int at = 1; at < sent.length(); at++) {
            exchanges.clear();
            try (FilterTester tester = both()) {
                tester.client(sent.substring(0, at)).client(sent.substring(at));
                tester.upstream("1\n2\n");

                assertThat(seen()).containsExactly("ask: ASK a > 1", "ask: ASK b > 2");
                assertThat(tester.toUpstream()).isEqualTo(sent);
                assertThat(tester.toClient()).isEqualTo("1\n2\n");
            }
        }
    }

    @Test
    void seesTheGreetingWhereverTheServersBytesAreSplit() {
        String sent = "HELLO you\n";
        for (int at = 1; at < sent.length(); at++) {
            exchanges.clear();
            try (FilterTester tester = both()) {
                tester.upstream(sent.substring(0, at));
                tester.upstream(sent.substring(at));
                tester.client("x\n");
                tester.upstream("y\n");

                assertThat(seen()).containsExactly("greet: null > HELLO you", "greet: x > y");
                assertThat(tester.toClient()).isEqualTo(sent + "y\n");
            }
        }
    }

    @Test
    void holdsNothingBackAndShowsBytesWithTheTimesTheyHad() {
        try (FilterTester tester = both()) {
            tester.client("A");
            assertThat(tester.toUpstream()).isEqualTo("A");
            tester.advance(Duration.ofMillis(5));
            for (char c : "SK key\n".toCharArray()) {
                tester.client(String.valueOf(c));
            }
            tester.advance(Duration.ofMillis(7));
            tester.upstream("v\n");

            assertThat(seen()).containsExactly("ask: ASK key > v");
            assertThat(exchanges.all().get(0).durationNanos).isEqualTo(7_000_000);
        }
    }

    @Test
    void bytesOfBothSidesKeepTheirOrder() {
        // Says yes to the fourth byte of the client, whatever comes between.
        Protocol patient = new Wrapped(
                new ToyProtocol.Greet(),
                (direction, first) -> direction == Direction.TO_CLIENT
                        ? Detection.MORE
                        : first.readableBytes() < 4 ? Detection.MORE : Detection.YES);
        try (FilterTester tester = FilterTester.of(exchanges, auto(patient))) {
            tester.client("a\n");
            tester.upstream("1\n");
            tester.client("b\n");
            tester.upstream("2\n");

            assertThat(seen()).containsExactly("greet: a > 1", "greet: b > 2");
        }
    }

    @Test
    void staysOffWhenNobodyKnowsTheBytes() {
        try (FilterTester tester = both()) {
            tester.client("what is this\n");
            tester.upstream("HELLO late\n");

            assertThat(stops("auto", "undetected")).isEqualTo(1);
            assertThat(exchanges.all()).isEmpty();
            assertThat(tester.toUpstream()).isEqualTo("what is this\n");
            assertThat(tester.toClient()).isEqualTo("HELLO late\n");
        }
    }

    @Test
    void asksForAtMostSoManyBytesAndKeepsNoMore() {
        int[] most = new int[1];
        Protocol undecided = new Wrapped(new ToyProtocol.Ask(), (direction, first) -> {
            most[0] = Math.max(most[0], first.readableBytes());
            return Detection.MORE;
        });
        NetworkFilter filter = auto(undecided);
        long before = new Footprint().of(filter);
        try (FilterTester tester = FilterTester.of(exchanges, filter)) {
            for (int i = 0; i < AutoStats.MOST - 1; i++) {
                tester.client("x");
            }
            for (int i = 0; i < AutoStats.MOST - 1; i++) {
                tester.upstream("y");
            }
            assertThat(stops("auto", "undetected")).isZero();
            assertThat(new Footprint().of(filter) - before).isLessThan(4 << 10);
            tester.client("x".repeat(100_000));

            assertThat(most[0]).isLessThanOrEqualTo(AutoStats.MOST);
            assertThat(stops("auto", "undetected")).isEqualTo(1);
            assertThat(tester.toUpstream()).hasSize(AutoStats.MOST - 1 + 100_000);
            assertThat(tester.toClient()).hasSize(AutoStats.MOST - 1);
            assertThat(new Footprint().of(filter)).isLessThanOrEqualTo(before);
        }
    }

    @Test
    void givesUpOnALongConversation() {
        Protocol undecided = new Wrapped(new ToyProtocol.Ask(), (direction, first) -> Detection.MORE);
        try (FilterTester tester = FilterTester.of(exchanges, auto(undecided))) {
            for (int i = 0; i < 100; i++) {
                tester.client("x");
                tester.upstream("y");
            }

            assertThat(stops("auto", "undetected")).isEqualTo(1);
        }
    }

    @Test
    void aProtocolThatThrowsIsCountedAndTheOthersAreAsked() {
        Protocol broken = new Wrapped(new ToyProtocol.Greet(), (direction, first) -> {
            throw new IllegalStateException("broken");
        });
        try (FilterTester tester = FilterTester.of(exchanges, auto(broken, new ToyProtocol.Ask()))) {
            tester.client("ASK a\n");
            tester.upstream("1\n");

            assertThat(stops("greet", "internal_error")).isEqualTo(1);
            assertThat(seen()).containsExactly("ask: ASK a > 1");
        }
    }

    @Test
    void isOffWhereTheOperatorHasSwitchedSniffersOff() {
        enabled = false;
        try (FilterTester tester = both()) {
            tester.client("ASK a\n");
            tester.upstream("1\n");

            assertThat(exchanges.all()).isEmpty();
        }
        enabled = true;
        try (FilterTester tester = both()) {
            tester.client("AS");
            enabled = false;
            tester.client("K a\n");

            assertThat(stops("auto", "operator")).isEqualTo(1);
        }
    }

    @Test
    void knowsWhatIsSpokenThroughARealProxy() throws Exception {
        List<String> lines = new CopyOnWriteArrayList<>();
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        Proxy.Builder builder =
                Proxy.builder().meters(meters).sink(loop -> e -> lines.add(e.protocol + " " + e.statement));
        try (var asked = new Sockets.Server(s -> {
                    assertThat(read(s.getInputStream(), 6)).isEqualTo("ASK a\n");
                    s.getOutputStream().write("1\n".getBytes(StandardCharsets.US_ASCII));
                });
                Proxy proxy = builder.start(config(List.of(AUTO, tcpProxy()), asked.address()));
                Socket client = connect(proxy)) {
            client.getOutputStream().write("ASK a\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(client.getInputStream().readAllBytes()).hasSize(2);

            assertThat(lines).containsExactly("ask 1");
            assertThat(proxy.exchanges().commands().rows().get(0).systemName()).isEqualTo("toydb");
            assertThat(proxy.listeners().get(0).filters()).containsExactly("auto_stats", "tcp_proxy");
        }
        lines.clear();
        try (var greeting = new Sockets.Server(
                        s -> s.getOutputStream().write("HELLO 1\n".getBytes(StandardCharsets.US_ASCII)));
                Proxy proxy = builder.start(config(List.of(AUTO, tcpProxy()), greeting.address()));
                Socket client = connect(proxy)) {
            assertThat(client.getInputStream().readAllBytes()).hasSize(8);

            assertThat(lines).containsExactly("greet HELLO 1");
        }
        try (var echo = Sockets.Server.echo();
                Proxy proxy = builder.start(config(List.of(AUTO, tcpProxy()), echo.address()));
                Socket client = connect(proxy)) {
            client.getOutputStream().write(new byte[5_000]);
            client.shutdownOutput();

            assertThat(client.getInputStream().readAllBytes()).hasSize(5_000);
            assertThat(eventually(() -> meters.find("weir.sniffer.stops").counter() != null))
                    .isTrue();
        }
    }

    @Test
    void leavesTheProtocolsOfOtherSniffersOut() throws Exception {
        List<String> lines = new CopyOnWriteArrayList<>();
        try (var server = new Sockets.Server(s -> {
                    assertThat(read(s.getInputStream(), 6)).isEqualTo("ASK a\n");
                    s.getOutputStream().write("1\n".getBytes(StandardCharsets.US_ASCII));
                });
                Proxy proxy = Proxy.builder()
                        .sink(loop -> e -> lines.add(e.protocol))
                        .start(config(List.of(AUTO, Map.of("type", "ask_stats"), tcpProxy()), server.address()));
                Socket client = connect(proxy)) {
            client.getOutputStream().write("ASK a\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(client.getInputStream().readAllBytes()).hasSize(2);

            assertThat(lines).containsExactly("ask");
        }
    }

    @Test
    void configurationKnowsIt() {
        assertThat(problems(List.of(AUTO, Map.of("type", "echo")))).isEmpty();
        assertThat(problems(List.of(AUTO, AUTO, Map.of("type", "echo"))))
                .containsExactly("listeners[0].filters[1].type: \"auto_stats\" twice in a chain (expected: once)");
        assertThat(problems(List.of(Map.of("type", "auto_stat"), Map.of("type", "echo"))))
                .containsExactly("listeners[0].filters[0].type: \"auto_stat\" (did you mean \"auto_stats\"?)");
        assertThat(problems(List.of(Map.of("type", "auto_stats", "keys", true), Map.of("type", "echo"))))
                .singleElement()
                .asString()
                .startsWith("listeners[0].filters[0].keys: unknown key");
    }

    @Test
    void aTerminalThatCountsAProtocolExcludesItsSniffer() {
        assertThat(problems(List.of(Map.of("type", "greet_stats"), Map.of("type", "ask_toy"))))
                .isEmpty();
        assertThat(problems(List.of(AUTO, Map.of("type", "ask_toy")))).isEmpty();
        assertThat(problems(List.of(Map.of("type", "ask_stats"), Map.of("type", "ask_toy"))))
                .containsExactly(
                        "listeners[0].filters[0].type: \"ask_stats\" before a terminal that counts ask commands"
                                + " itself (expected: one of the two)");
    }

    @Test
    void leavesTheProtocolOfTheTerminalToIt() throws Exception {
        List<String> lines = new CopyOnWriteArrayList<>();
        try (Proxy proxy = Proxy.builder()
                        .sink(loop -> e -> lines.add(e.protocol))
                        .start(config(List.of(AUTO, Map.of("type", "ask_toy"))));
                Socket client = connect(proxy)) {
            client.getOutputStream().write("ASK a\n".getBytes(StandardCharsets.US_ASCII));
            client.shutdownOutput();
            assertThat(client.getInputStream().readAllBytes()).hasSize(6);

            assertThat(lines).isEmpty();
        }
    }

    private static List<String> problems(List<Map<String, ?>> filters) {
        ConfigErrors errors = new ConfigErrors();
        ProxyConfig config = ProxyConfig.from(ConfigNode.of(
                Map.of("listeners", List.of(Map.of("name", "l", "address", "127.0.0.1:0", "filters", filters))),
                errors));
        Proxy.check(config, AutoStatsTest.class.getClassLoader());
        return errors.problems().stream().map(Object::toString).toList();
    }

    /** Another way of detection. */
    @FunctionalInterface
    private interface Detecting {
        Detection detect(Direction direction, ByteBuf first);
    }

    private record Wrapped(Protocol protocol, Detecting detecting) implements Protocol {
        @Override
        public String name() {
            return protocol.name();
        }

        @Override
        public String statsFilter() {
            return protocol.statsFilter();
        }

        @Override
        public int defaultPort() {
            return 1;
        }

        @Override
        public dev.weir.core.filter.PerLoop<dev.weir.core.protocol.Sniffer> sniffer(
                ConfigNode config, dev.weir.core.filter.FilterEnvironment environment) {
            return protocol.sniffer(config, environment);
        }

        @Override
        public Detection detect(Direction direction, ByteBuf first) {
            return detecting.detect(direction, first);
        }
    }
}
