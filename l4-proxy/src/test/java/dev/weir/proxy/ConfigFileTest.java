package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.config.ConfigException;
import dev.weir.core.config.ConfigNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is said about files that cannot be used: by its exact text. */
class ConfigFileTest {
    @TempDir
    Path folder;

    private static final String GOOD = """
        listeners:
          - name: orders
            address: 127.0.0.1:0
            filters:
              - type: tcp_proxy
                cluster: orders
        clusters:
          - name: orders
            endpoints: [ "127.0.0.1:6379" ]
        """;

    private static ConfigFile parse(String text) {
        return ConfigFile.parse("weir.yaml", text, ConfigFileTest.class.getClassLoader());
    }

    private static String report(String text) {
        try {
            parse(text);
            return "no problem";
        } catch (ConfigException e) {
            return e.getMessage().replaceAll(" +(\\d+:\\d+)", " @$1");
        }
    }

    @Test
    void readsAConfiguration() {
        ConfigFile file = parse(GOOD);

        assertThat(file.config().listeners().get(0).name()).isEqualTo("orders");
        assertThat(file.config().clusters().get(0).endpoints()).hasSize(1);
    }

    @Test
    void reportsAllProblemsAtOnceWithTheirPlaces() {
        String text = """
            admin:
              address: 127.0.0.1:99999
            drain_timeout: 30
            listenrs: 3
            listeners:
              - name: orders
                address: 127.0.0.1:6399
                adress: x
                filters:
                  - type: tcp_prxy
                  - type: tcp_proxy
                    cluster: ordres
              - name: orders
                address: 1.2.3.4
                filters: []
            clusters:
              - name: orders
                endpoints: [ "127.0.0.1:6379", "127.0.0.1:0" ]
                load_balancing: rownd_robin
                connect_timeout: 0s
            """;

        assertThatThrownBy(() -> parse(text))
                .isInstanceOf(ConfigException.class)
                .hasMessage("""
                    weir.yaml: 12 problems
                      admin.address: "127.0.0.1:99999" (expected: a port of 0..65535)                      2:12
                      drain_timeout: "30" (expected: a duration such as 250ms, 5s, 1m, 1h)                 3:16
                      listenrs: unknown key (did you mean "listeners"?)                                    4:1
                      listeners[0].adress: unknown key (did you mean "address"?)                           8:5
                      listeners[0].filters[0].type: "tcp_prxy" (did you mean "tcp_proxy"?)                 10:15
                      listeners[0].filters[1].cluster: unknown cluster "ordres" (did you mean "orders"?)   12:18
                      listeners[1].name: "orders" names a listener already (expected: unique names)        13:11
                      listeners[1].address: "1.2.3.4" (expected: host:port, [v6]:port or unix:/path)       14:14
                      listeners[1].filters: empty (expected: a list of filters that ends with a terminal such as tcp_proxy)   15:5
                      clusters[0].endpoints[1]: "127.0.0.1:0" (expected: a port of 1..65535)               18:36
                      clusters[0].load_balancing: "rownd_robin" (did you mean "round_robin"?)              19:21
                      clusters[0].connect_timeout: 0s (expected: 1ms..10m)                                 20:22\
                    """.stripTrailing());
    }

    @Test
    void reportsListenersThatWantTheSameAddress() {
        String text = """
            listeners:
              - { name: a, address: "127.0.0.1:6380", filters: [ { type: echo } ] }
              - { name: b, address: "127.0.0.1:6380", filters: [ { type: echo } ] }
              - { name: c, address: "127.0.0.1:0", filters: [ { type: echo } ] }
              - { name: d, address: "127.0.0.1:0", filters: [ { type: echo } ] }
            """;

        assertThat(report(text))
                .isEqualTo("weir.yaml: 1 problem\n  listeners[1].address: \"127.0.0.1:6380\" is where \"a\" listens"
                        + " (expected: an address of its own) @3:25");
    }

    @Test
    void refusesOtherVersionsOfYaml() {
        assertThat(report("%YAML 3.0\n---\n" + GOOD))
                .isEqualTo("weir.yaml: 1 problem\n  YAML 3.0 (expected: YAML 1.2) @1:1");
    }

    @Test
    void reportsAKeyThatIsGivenTwiceAtItsSecondPlace() {
        assertThat(report(GOOD + "clusters: []\n"))
                .isEqualTo("weir.yaml: 1 problem\n  clusters: given twice (expected: each key once) @10:1");
    }

    @Test
    void reportsSyntaxErrorsWithTheirPlaces() {
        assertThat(report("a: b\n\tc: d"))
                .isEqualTo("weir.yaml: 1 problem\n  while scanning for the next token: found character '\\t(TAB)' that"
                        + " cannot start any token. (Do not use \\t(TAB) for indentation) @2:1");
        assertThat(report("listeners: [ 1,"))
                .isEqualTo("weir.yaml: 1 problem\n  while parsing a flow node: expected the node content, but found"
                        + " '<stream end>' @1:16");
        assertThat(report("a: 'b"))
                .isEqualTo("weir.yaml: 1 problem\n  while scanning a quoted scalar: found unexpected end of stream"
                        + " @1:6");
        assertThat(report("a: 1\n---\nb: 2\n"))
                .startsWith("weir.yaml: 1 problem\n  expected a single document in the stream: but found another")
                .endsWith("@2:1");
        assertThat(report("a: \"\u0001\""))
                .isEqualTo("weir.yaml: 1 problem\n  character U+0001 (expected: printable characters) @1:5");
    }

    @Test
    void reportsWhatIsNoMap() {
        assertThat(report("")).isEqualTo("weir.yaml: 1 problem\n  empty (expected: a map with listeners) @1:1");
        assertThat(report("# nothing\n"))
                .isEqualTo("weir.yaml: 1 problem\n  empty (expected: a map with listeners) @1:1");
        assertThat(report("- a")).isEqualTo("weir.yaml: 1 problem\n  not a map (expected: a map with listeners) @1:1");
        assertThat(report(GOOD + "? [ a ]\n: b\n"))
                .isEqualTo("weir.yaml: 1 problem\n  a key that is a map or a list (expected: a name) @10:3");
    }

    @Test
    void refusesTags() {
        assertThat(report(GOOD + "drain_timeout: !!binary aGFsbG8=\n"))
                .contains("drain_timeout: tag tag:yaml.org,2002:binary (expected: plain YAML without tags) @10:16");
        assertThat(report(GOOD + "drain_timeout: !java/object x\n"))
                .contains("drain_timeout: tag !java/object (expected: plain YAML without tags) @10:16");
    }

    @Test
    void limitsWhatAliasesMayCause() {
        StringBuilder bomb = new StringBuilder("a0: &a0 [ x, x, x, x, x, x, x, x, x, x ]\n");
        for (int i = 1; i < 12; i++) {
            String alias = "*a" + (i - 1);
            bomb.append("a" + i + ": &a" + i + " [ " + (alias + ", ").repeat(9) + alias + " ]\n");
        }

        assertThat(report(bomb.toString()))
                .isEqualTo("weir.yaml: 1 problem\n  a5[0][6][8][8][8][8]: too deep or too large (expected: at most"
                        + " 200000 values, aliases written out) @1:35");
        assertThat(report("a: &x [ *x ]\n"))
                .isEqualTo("weir.yaml: 1 problem\n  a" + "[0]".repeat(26)
                        + "[…: too deep or too large (expected: at most" + " 64 levels) @1:4");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[", "{", "{a: ", "- ", "[[[[{", "? "})
    void survivesDeepNesting(String opening) {
        assertThat(report("a: " + opening.repeat(100_000))).startsWith("weir.yaml: 1 problem\n");
        assertThat(report(opening.repeat(50_000))).startsWith("weir.yaml: 1 problem\n");
    }

    @Test
    void readsNumbersAsTheyAreWrittenWhereATextIsWanted() {
        ConfigNode root =
                YamlReader.read("version: 1.10\nport: 0017\nflag: yes\n", new dev.weir.core.config.ConfigErrors());

        assertThat(root).isNotNull();
        assertThat(root.string("version")).isEqualTo("1.10");
        assertThat(root.string("port")).isEqualTo("0017");
        assertThat(root.string("flag")).isEqualTo("yes");
    }

    @Test
    void readsAliases() {
        ConfigFile file =
                parse(GOOD.replace("endpoints: [ \"127.0.0.1:6379\" ]", "endpoints: &e [ \"127.0.0.1:6379\" ]")
                        + "  - name: other\n    endpoints: *e\n");

        assertThat(file.config().clusters().get(1).endpoints())
                .isEqualTo(file.config().clusters().get(0).endpoints());
    }

    @Test
    void reportsFilesThatCannotBeRead() throws Exception {
        Path latin =
                Files.write(folder.resolve("latin.yaml"), "a: 1\nb: \u00fc\n".getBytes(StandardCharsets.ISO_8859_1));
        Path large = Files.write(folder.resolve("large.yaml"), new byte[TextFile.MAX_BYTES + 1]);

        assertThat(load("/does/not/exist.yaml")).isEqualTo("/does/not/exist.yaml: 1 problem\n  no such file");
        assertThat(load(folder.toString())).isEqualTo(folder + ": 1 problem\n  is a directory (expected: a YAML file)");
        assertThat(load(latin.toString()))
                .isEqualTo(latin + ": 1 problem\n  byte 0xFC is not UTF-8 (expected: text in UTF-8)   2:4");
        assertThat(load(large.toString())).isEqualTo(large + ": 1 problem\n  too large (expected: at most 1MiB)");
        assertThat(load("\0")).contains("cannot be read");
    }

    private static String load(String source) {
        try {
            ConfigFile.load(source, ConfigFileTest.class.getClassLoader());
            return "no problem";
        } catch (ConfigException e) {
            return e.getMessage().replaceAll(" {4,}", "   ");
        }
    }

    @Test
    void setsTheLimitOfBuffersBeforeNettyReadsIt() {
        System.clearProperty("io.netty.maxDirectMemory");
        try {
            parse(GOOD + "memory: { buffers: 64MiB }\n");

            assertThat(System.getProperty("io.netty.maxDirectMemory")).isEqualTo("67108864");
        } finally {
            System.clearProperty("io.netty.maxDirectMemory");
        }
    }

    @Test
    void ignoresAByteOrderMark() {
        assertThat(ConfigFile.parse("x", GOOD, getClass().getClassLoader())
                        .root()
                        .plain())
                .isInstanceOf(Map.class);
        assertThat(report("\uFEFF" + GOOD)).isEqualTo("no problem");
    }
}
