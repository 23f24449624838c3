package dev.weir.tls.starttls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigException;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.ConnectionAttribute;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.testkit.FakeConnection;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.FilterTester;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The words of the talks, and what is not let through. TLS itself is in the tests with real peers. */
class StarttlsFilterTest {
    @TempDir
    static Path folder;

    private static StarttlsBed bed;

    private final FakeEnvironment environment = new FakeEnvironment();

    @org.junit.jupiter.api.BeforeAll
    static void certificate() throws Exception {
        bed = new StarttlsBed(folder);
    }

    private NetworkFilter filter(String side, String protocol, Map<String, ?> more) {
        Map<String, Object> all =
                new HashMap<>(Map.of("side", side, "protocol", protocol, "timeout", "20s", "tls", bed.tls(side)));
        all.putAll(more);
        all.values().removeIf(""::equals);
        ConfigErrors errors = new ConfigErrors();
        ConfigNode node = ConfigNode.of(all, errors);
        var configured = new TestStarttls().configure(node, environment);
        node.rejectUnknown();
        errors.throwIfAny("test");
        return configured.onLoop(environment).create(new FakeConnection());
    }

    private FilterTester tester(String side, String protocol) {
        return FilterTester.of(filter(side, protocol, Map.of()));
    }

    private static String lines(String... lines) {
        return String.join("\r\n", lines) + "\r\n";
    }

    private static List<String> single(String text) {
        return text.chars().mapToObj(c -> String.valueOf((char) c)).toList();
    }

    private static FilterTester greeted(FilterTester tester, String greeting) {
        tester.advance(Duration.ofMillis(250)).upstream(greeting);
        assertThat(tester.toClient()).isNotEmpty();
        return tester;
    }

    // ---- toward clients

    @Test
    void answersSmtpByItselfUntilTlsIsThere() {
        try (var tester = greeted(tester("client", "smtp"), "220 be.example ESMTP\r\n")) {
            tester.client("EHLO me\r\n");
            assertThat(tester.toClient()).isEqualTo("250-be.example\r\n250 STARTTLS\r\n");
            tester.client("MAIL FROM:<a@b>\r\nAUTH PLAIN AHgAeQ==\r\n");
            assertThat(tester.toClient()).isEqualTo("530 5.7.0 Must issue a STARTTLS command first\r\n".repeat(2));
            tester.client("quit\r\n");

            assertThat(tester.toClient()).isEqualTo("221 2.0.0 be.example closing\r\n");
            assertThat(tester.closeReason()).isEqualTo(CloseReason.COMPLETE);
            assertThat(tester.toUpstream()).isEmpty();
        }
    }

    @Test
    void waitsForAClientThatBeginsWithTlsBeforeItGreets() {
        try (var tester = tester("client", "smtp")) {
            tester.upstream("220 be\r\n");
            assertThat(tester.advance(Duration.ofMillis(190)).toClient()).isEmpty();

            assertThat(tester.advance(Duration.ofMillis(20)).toClient()).isEqualTo("220 be\r\n");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "smtp,'220 be\r\n','STARTTLS\r\n'",
        "pop3,'+OK be\r\n','STLS\r\n'",
        "imap,'* OK be\r\n','a STARTTLS\r\n'",
    })
    void takesNothingThatWasInjectedBehindTheCommand(String protocol, String greeting, String command) {
        try (var tester = greeted(tester("client", protocol), greeting)) {
            tester.client(command + "RSET\r\nMAIL FROM:<evil@example>\r\n");

            assertThat(tester.closeReason()).isEqualTo(CloseReason.TLS_FAILED);
            assertThat(tester.toUpstream()).isEmpty();
        }
    }

    @Test
    void takesNothingThatWasInjectedBehindAnSslRequest() {
        try (var tester = tester("client", "pgsql")) {
            tester.client("\0\0\0\10\4\322\26\57\0\0\0\11\0\3\0\0\0");

            assertThat(tester.toClient()).startsWith("S");
            assertThat(tester.closeReason()).isEqualTo(CloseReason.TLS_FAILED);
            assertThat(tester.toUpstream()).isEmpty();
        }
    }

    @Test
    void readsCommandsByteByByte() {
        try (var tester = greeted(tester("client", "imap"), "* OK [CAPABILITY IMAP4 AUTH=PLAIN] be\r\n")) {
            for (String c : single("a1 capability\r\nb LOGIN x y\nc STARTTLS\r\n")) {
                tester.client(c);
            }

            assertThat(tester.toClient())
                    .isEqualTo(lines(
                            "* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED",
                            "a1 OK CAPABILITY completed",
                            "b NO [PRIVACYREQUIRED] STARTTLS first",
                            "c OK Begin TLS negotiation now"));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a LOGIN {3}\r\n",
                "a APPEND x {1+}\r\n",
                " NOOP\r\n",
                "* BYE\r\n",
                "a\0b NOOP\r\n",
                "a NO\rOP\r\n"
            })
    void endsImapThatIsNone(String line) {
        try (var tester = greeted(tester("client", "imap"), "* OK be\r\n")) {
            tester.client(line);

            assertThat(tester.closeReason()).isEqualTo(CloseReason.PROTOCOL_ERROR);
        }
    }

    @Test
    void refusesGssAndWaitsForTls() {
        try (var tester = tester("client", "pgsql")) {
            tester.client("\0\0\0\10\4\322\26\60");
            assertThat(tester.toClient()).isEqualTo("N");
            tester.client("\0\0\0\10\4\322\26\57");

            assertThat(tester.toClient()).isEqualTo("S");
        }
    }

    @Test
    void tellsAPostgresClientWithoutTlsWhy() {
        try (var tester = tester("client", "pgsql")) {
            tester.client("\0\0\0\11\0\3\0\0\0");

            assertThat(tester.toClient()).startsWith("E\0\0\0").contains("SFATAL\0", "C28000\0", "TLS is required");
            assertThat(tester.closeReason()).isEqualTo(CloseReason.PROTOCOL_ERROR);
            assertThat(tester.toUpstream()).isEmpty();
        }
    }

    @Test
    void endsALineWithoutEnd() {
        try (var tester = greeted(tester("client", "smtp"), "220 be\r\n")) {
            tester.client("x".repeat(LineTalk.MAX_LINE - 1));
            assertThat(tester.closeReason()).isNull();
            tester.client("x");

            assertThat(tester.closeReason()).isEqualTo(CloseReason.PROTOCOL_ERROR);
        }
    }

    @Test
    void endsATalkThatNeverEnds() {
        try (var tester = greeted(tester("client", "smtp"), "220 be\r\n")) {
            tester.client("NOOP\r\n".repeat(LineTalk.MAX_LINES));

            assertThat(tester.closeReason()).isEqualTo(CloseReason.PROTOCOL_ERROR);
        }
    }

    @Test
    void endsAClientThatSaysNothing() {
        try (var tester = greeted(tester("client", "smtp"), "220 be\r\n")) {
            tester.advance(Duration.ofSeconds(21));

            assertThat(tester.closeReason()).isEqualTo(CloseReason.HOLD_TIMEOUT);
            assertThat(environment.count("weir_starttls")).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @CsvSource({"smtp,'554 no\r\n'", "pop3,'-ERR no\r\n'", "imap,'* PREAUTH welcome\r\n'", "imap,'* BYE\r\n'"})
    void endsAServerThatDoesNotGreet(String protocol, String greeting) {
        try (var tester = tester("client", protocol)) {
            tester.advance(Duration.ofMillis(250)).upstream(greeting);

            assertThat(tester.closeReason()).isEqualTo(CloseReason.UPSTREAM_TLS_FAILED);
        }
    }

    // ---- tunnels that clients ask for

    private FilterTester tunnel(String protocol) {
        return FilterTester.of(filter("client", protocol, Map.of("tls", "")));
    }

    private static void goesTo(FilterTester tester, String host, int port) {
        assertThat(tester.started()).isTrue();
        assertThat(tester.connection().get(ConnectionAttribute.TARGET)).isEqualTo(new Address(host, port));
        tester.client("rest");
        assertThat(tester.toUpstream()).isEqualTo("rest");
    }

    @Test
    void takesConnect() {
        try (var tester = tunnel("connect")) {
            tester.client("CONNECT db.example:5432 HTTP/1.1\r\nHost: x\r\n");
            assertThat(tester.started()).isFalse();
            tester.client("\r\n");

            assertThat(tester.toClient()).isEqualTo("HTTP/1.1 200 OK\r\n\r\n");
            goesTo(tester, "db.example", 5432);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET / HTTP/1.1\r\n",
                "CONNECT a HTTP/1.1\r\n",
                "CONNECT a:0 HTTP/1.1\r\n",
                "CONNECT unix:/x HTTP/1.1\r\n",
                "CONNECT a:1\r\n",
                "CONNECT a:1 HTTP/1.1 x\r\n",
                "CONNECT a b:1 HTTP/1.1\r\n"
            })
    void refusesWhatIsNoConnect(String line) {
        try (var tester = tunnel("connect")) {
            tester.client(line);

            assertThat(tester.toClient()).matches("(?s)HTTP/1.1 40[05] .*");
            assertThat(tester.started()).isFalse();
            assertThat(tester.closeReason()).isEqualTo(CloseReason.PROTOCOL_ERROR);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'\4\1\1\273\300\0\2\7me\0',192.0.2.7,443",
        "'\4\1\1\273\0\0\0\1me\0a.example\0',a.example,443",
    })
    void takesSocks4(String request, String host, int port) {
        try (var tester = tunnel("socks")) {
            for (String c : single(request)) {
                assertThat(tester.started()).isFalse();
                tester.client(c);
            }

            assertThat(tester.toClient()).isEqualTo("\0\132\0\0\0\0\0\0");
            goesTo(tester, host, port);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'\5\1\0\1\300\0\2\7\1\273',192.0.2.7,443",
        "'\5\1\0\3\11a.example\1\273',a.example,443",
        "'\5\1\0\4\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1\1\273',2001:db8::1,443",
    })
    void takesSocks5(String request, String host, int port) {
        try (var tester = tunnel("socks")) {
            tester.client("\5\2\2\0");
            assertThat(tester.toClient()).isEqualTo("\5\0");
            for (String c : single(request)) {
                assertThat(tester.started()).isFalse();
                tester.client(c);
            }

            assertThat(tester.toClient()).isEqualTo("\5\0\0\1\0\0\0\0\0\0");
            goesTo(tester, host, port);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\4\1\0\1\177\0\0\1\0", // loopback
                "\4\1\0\1\0\0\0\1u\000127.0.0.1\0",
                "\4\2\0\1\300\0\2\7\0", // BIND
                "\4\1\0\0\300\0\2\7\0", // no port
                "\4\1\0\1\0\0\0\1u\0\0", // no name
                "\4\1\0\1\0\0\0\1u\0a b\0",
                "\5\1\2", // no method
                "\5\1\0\5\1\0\1\177\0\0\1\0\1", // loopback
                "\5\1\0\5\1\0\1\0\0\0\0\0\1", // any
                "\5\1\0\5\1\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\1",
                "\5\1\0\5\1\0\4\0\0\0\0\0\0\0\0\0\0\377\377\177\0\0\1\0\1", // mapped
                "\5\1\0\5\2\0\1\300\0\2\7\0\1", // BIND
                "\5\1\0\5\1\0\2\300\0\2\7\0\1", // no such type
                "\5\1\0\5\1\0\3\0\0\1", // no name
                "\6",
                "GET / HTTP/1.1\r\n\r\n",
            })
    void refusesWhatIsNoTarget(String request) {
        try (var tester = tunnel("socks")) {
            tester.client(request);

            assertThat(tester.started()).isFalse();
            assertThat(tester.closeReason()).isEqualTo(CloseReason.PROTOCOL_ERROR);
        }
    }

    @Test
    void endsASocks4TextWithoutEnd() {
        try (var tester = tunnel("socks")) {
            tester.client("\4\1\0\1\300\0\2\7" + "u".repeat(256));

            assertThat(tester.closeReason()).isEqualTo(CloseReason.PROTOCOL_ERROR);
        }
    }

    // ---- toward upstreams

    private FilterTester upstream(String protocol, Map<String, ?> more) {
        return FilterTester.of(filter("upstream", protocol, more));
    }

    @Test
    void holdsTheClientWhileItAsksAnSmtpServer() {
        try (var tester = upstream("smtp", Map.of("host", "me.example"))) {
            tester.client("EHLO client\r\n").upstream("220-a\r\n220 b\r\n");
            assertThat(tester.toUpstream()).isEqualTo("EHLO me.example\r\n");
            tester.upstream("250-a\r\n250-STARTTLS\r\n250 X\r\n");

            assertThat(tester.toUpstream()).isEqualTo("STARTTLS\r\n");
            assertThat(tester.toClient()).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "smtp,'220 a\r\n,250 a\r\n,454 no\r\n'",
        "smtp,'220 a\r\n,500 a\r\n'",
        "pop3,'+OK\r\n,-ERR\r\n'",
        "imap,'* OK\r\n,weir BAD\r\n'",
        "imap,'* PREAUTH\r\n'",
        "nntp,'200 a\r\n,580 no\r\n'",
        "nntp,'400 a\r\n'",
        "pgsql,'N'",
        "pgsql,'EFATAL'",
    })
    void endsAServerWithoutTls(String protocol, String answers) {
        try (var tester = upstream(protocol, Map.of())) {
            tester.client("hello\r\n");
            for (String answer : answers.split(",", -1)) {
                tester.upstream(answer);
            }

            assertThat(tester.closeReason()).isEqualTo(CloseReason.UPSTREAM_TLS_FAILED);
            assertThat(tester.toClient()).isEmpty();
            assertThat(tester.toUpstream()).doesNotContain("hello");
        }
    }

    @Test
    void asksLdapForTls() {
        try (var tester = upstream("ldap", Map.of())) {
            assertThat(tester.toUpstream())
                    .isEqualTo("0\35\2\1\1w\30\200\261.3.6.1.4.1.1466.20037".replace("\261", "\0261"));
            for (String c : single("0\14\2\1\1x\7\n\1\2\4\0\4\0")) {
                tester.upstream(c);
            }

            assertThat(tester.closeReason()).isEqualTo(CloseReason.UPSTREAM_TLS_FAILED);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "x",
                "0\14\2\1\2x\7\n\1\0\4\0\4\0", // another message
                "0\14\2\1\1a\7\n\1\0\4\0\4\0", // another operation
                "0\3\2\1\1",
                "0\5\2\1\1x\0",
                "0\200",
                "0\205\0\0\0\0\1",
                "0\204\177\377\377\377",
                "0\204\377\377\377\377",
                "0\6\2\1\1x\177\n",
            })
    void endsLdapThatIsNoAnswer(String answer) {
        try (var tester = upstream("ldap", Map.of())) {
            tester.upstream(answer);

            assertThat(tester.closeReason()).isEqualTo(CloseReason.UPSTREAM_TLS_FAILED);
        }
    }

    @Test
    void asksAProxyForATunnelWithHeadersAndPassword() {
        try (var tester = upstream(
                "connect",
                Map.of("host", "db.example:5432", "username", "u", "password", "p", "header", "X-A: b", "tls", ""))) {
            assertThat(tester.toUpstream())
                    .isEqualTo(lines(
                            "CONNECT db.example:5432 HTTP/1.1",
                            "Host: db.example:5432",
                            "Proxy-Authorization: Basic dTpw",
                            "X-A: b",
                            ""));
            tester.upstream("HTTP/1.1 200 OK\r\nServer: x\r\n\r\nfirst");
            tester.client("second");

            assertThat(tester.toClient()).isEqualTo("first");
            assertThat(tester.toUpstream()).isEqualTo("second");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"HTTP/1.1 407 No\r\n", "HTTP/1.1 2000 OK\r\n", "HTTP/2 200\r\n", "junk\n"})
    void endsAProxyThatRefuses(String answer) {
        try (var tester = upstream("connect", Map.of("host", "db.example:5432", "tls", ""))) {
            tester.upstream(answer);

            assertThat(tester.closeReason()).isEqualTo(CloseReason.UPSTREAM_TLS_FAILED);
        }
    }

    @Test
    void asksASocksProxyWithPassword() {
        try (var tester =
                upstream("socks", Map.of("host", "[2001:db8::1]:443", "username", "u", "password", "pw", "tls", ""))) {
            assertThat(tester.toUpstream()).isEqualTo("\5\1\2");
            tester.upstream("\5\2");
            assertThat(tester.toUpstream()).isEqualTo("\1\1u\2pw");
            tester.upstream("\1\0");
            assertThat(tester.toUpstream()).isEqualTo("\5\1\0\4\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1\1\273");
            for (String c : single("\5\0\0\3\2ab\0\1first")) {
                tester.upstream(c);
            }

            assertThat(tester.toClient()).isEqualTo("first");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"\5\377", "\4\0", "\5\0\5\1\0\1\0\0\0\0\0\0", "\5\0\5\0\0\7\0\0\0\0\0\0"})
    void endsASocksProxyThatRefuses(String answer) {
        try (var tester = upstream("socks", Map.of("host", "a.example:1", "tls", ""))) {
            tester.upstream(answer);

            assertThat(tester.closeReason()).isEqualTo(CloseReason.UPSTREAM_TLS_FAILED);
        }
    }

    @Test
    void letsWhatTheClientSaidBeforeItsEndGoOn() {
        try (var tester = upstream("connect", Map.of("host", "a.example:1", "tls", ""))) {
            tester.client("all").clientEnds();
            tester.toUpstream();
            tester.upstream("HTTP/1.1 200 OK\r\n\r\n");

            assertThat(tester.toUpstream()).isEqualTo("all");
            assertThat(tester.upstreamSawEnd()).isTrue();
        }
    }

    // ---- configuration

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "client|nntp||protocol: \"nntp\"",
                "client|ldap||protocol: \"ldap\"",
                "upstream|xmpp||protocol: \"xmpp\"",
                "client|smtp|tls=|tls: missing",
                "upstream|connect||host: missing",
                "upstream|socks|host=a|host: \"a\"",
                "upstream|connect|host=a:1;authentication=ntlm|authentication: \"ntlm\"",
                "upstream|connect|host=a:1;username=u|username: alone",
                "upstream|connect|host=a:1;username=u:v;password=p|username: \"u:v\"",
                "upstream|connect|host=a:1;domain=d|domain: not used",
                "upstream|connect|host=a:1;header=X: a\\r\\nY: b|header: ",
                "upstream|smtp|username=u;password=a\\nb|password: not one line",
                "upstream|smtp|timeout=1ms|timeout: 1ms",
                "client|smtp|username=u|username: not used",
                "client|smtp|x=y|x: unknown key",
            })
    void saysWhatIsWrong(String side, String protocol, String more, String problem) {
        Map<String, Object> settings = new HashMap<>();
        for (String one : more == null ? new String[0] : more.split(";", -1)) {
            settings.put(
                    one.substring(0, one.indexOf('=')),
                    one.substring(one.indexOf('=') + 1).replace("\\r", "\r").replace("\\n", "\n"));
        }

        assertThatThrownBy(() -> filter(side, protocol, settings))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(problem);
    }
}
