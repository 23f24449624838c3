package dev.weir.mysql;

import static dev.weir.mysql.Talk.bytes;
import static dev.weir.mysql.Talk.ok;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code mysql_tls} toward servers, byte by byte: its TLS encrypts nothing here. */
final class MysqlTlsUpstreamTest {
    private static final long CAN = Talk.CAN | Capability.CONNECT_WITH_DB;
    private static final long TLS = Capability.SSL;
    private static final String NONCE = "xxxxxxxxyyyyyyyyyyyy";

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private ServerSocket listening;
    private Proxy proxy;
    private Socket client;
    private Socket server;

    @BeforeEach
    void connect() throws IOException {
        listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Map<String, Object> filter = new HashMap<>(Map.of("type", "mysql_tls_test"));
        filter.put("upstream_tls", Map.of("none", true));
        filter.put("client_tls", Map.of("none", true));
        Map<String, ?> listener = Map.of(
                "name",
                "db",
                "address",
                "127.0.0.1:0",
                "filters",
                List.of(filter, Map.of("type", "tcp_proxy", "cluster", "c")));
        proxy = Proxy.builder()
                .meters(meters)
                .start(ProxyConfig.of(Map.of(
                        "event_loops",
                        1,
                        "listeners",
                        List.of(listener),
                        "clusters",
                        List.of(Map.of("name", "c", "endpoints", List.of("127.0.0.1:" + listening.getLocalPort()))))));
        client =
                new Socket(InetAddress.getLoopbackAddress(), proxy.address("db").port());
        client.setSoTimeout(30_000);
        server = listening.accept();
        server.setSoTimeout(30_000);
        say(server, 0, TlsTalk.greeting(CAN | TLS));
        assertThat(hear(client)).isEqualTo(TlsTalk.packet(0, TlsTalk.greeting(CAN | TLS)));
    }

    @AfterEach
    void end() throws IOException {
        client.close();
        server.close();
        listening.close();
        proxy.close();
    }

    private static void say(Socket to, int sequence, Talk.Bytes payload) throws IOException {
        to.getOutputStream().write(TlsTalk.raw(TlsTalk.packet(sequence, payload)));
    }

    /** The next packet; what there is of it, if the peer leaves. */
    private static String hear(Socket from) throws IOException {
        byte[] head = from.getInputStream().readNBytes(4);
        if (head.length < 4) {
            return TlsTalk.text(head);
        }
        int length = head[0] & 0xff | (head[1] & 0xff) << 8 | (head[2] & 0xff) << 16;
        return TlsTalk.text(head) + TlsTalk.text(from.getInputStream().readNBytes(length));
    }

    private double count(String name, String key, String value) {
        return meters.get(name).tag(key, value).counter().count();
    }

    @Test
    void asksTheServerWithTheHeadOfTheClientsResponse() throws IOException {
        say(client, 1, TlsTalk.response(CAN, Scramble.SHA2, "hash"));

        assertThat(hear(server)).isEqualTo(TlsTalk.packet(1, TlsTalk.request(CAN | TLS)));
        assertThat(hear(server)).isEqualTo(TlsTalk.packet(2, TlsTalk.response(CAN | TLS, Scramble.SHA2, "hash")));
        say(server, 3, ok(0, 2));
        assertThat(hear(client)).isEqualTo(TlsTalk.packet(2, ok(0, 2)));
        say(client, 0, Talk.query("SELECT 1"));
        assertThat(hear(server)).isEqualTo(TlsTalk.packet(0, Talk.query("SELECT 1")));
    }

    @Test
    void numbersNothingAnewWhereBothSidesAreEncrypted() throws IOException {
        say(client, 1, TlsTalk.request(CAN | TLS));
        say(client, 2, TlsTalk.response(CAN | TLS, Scramble.SHA2, "hash"));

        assertThat(hear(server)).isEqualTo(TlsTalk.packet(1, TlsTalk.request(CAN | TLS)));
        assertThat(hear(server)).isEqualTo(TlsTalk.packet(2, TlsTalk.response(CAN | TLS, Scramble.SHA2, "hash")));
        say(server, 3, bytes().u1(1, 4));
        assertThat(hear(client)).isEqualTo(TlsTalk.packet(3, bytes().u1(1, 4)));
        say(client, 4, bytes().zero("secret"));
        assertThat(hear(server)).isEqualTo(TlsTalk.packet(4, bytes().zero("secret")));
        say(server, 5, ok(0, 2));
        assertThat(hear(client)).isEqualTo(TlsTalk.packet(5, ok(0, 2)));
    }

    @Test
    void opensAPasswordThatTheServerWantsInFull() throws Exception {
        say(client, 1, TlsTalk.response(CAN, Scramble.SHA2, "hash"));
        hear(server);
        hear(server);
        say(server, 3, bytes().u1(1, 4));
        assertThat(hear(client)).isEqualTo(TlsTalk.packet(2, bytes().u1(1, 4)));

        say(client, 3, bytes().u1(2));
        say(client, 5, bytes().raw(sealed("secret", hear(client), 4)));

        assertThat(hear(server)).isEqualTo(TlsTalk.packet(4, bytes().zero("secret")));
        say(server, 5, ok(0, 2));
        assertThat(hear(client)).isEqualTo(TlsTalk.packet(6, ok(0, 2)));
        assertThat(count("weir_mysql_tls_passwords", "how", "opened")).isEqualTo(1);
    }

    private static byte[] sealed(String password, String key, int sequence) throws GeneralSecurityException {
        assertThat(key.charAt(3)).isEqualTo((char) sequence);
        assertThat(key.substring(4)).startsWith("\1-----BEGIN PUBLIC KEY-----\n");
        return Scramble.sealed(TlsTalk.raw(password), TlsTalk.raw(NONCE), key.substring(5));
    }

    @Test
    void putsAPasswordIntoTheResponseWhereItBelongs() throws Exception {
        say(client, 1, TlsTalk.response(CAN, PasswordTalk.SHA256, "\1"));
        say(client, 3, bytes().raw(sealed("secret", hear(client), 2)));

        assertThat(hear(server)).isEqualTo(TlsTalk.packet(1, TlsTalk.request(CAN | TLS)));
        assertThat(hear(server))
                .isEqualTo(TlsTalk.packet(2, TlsTalk.response(CAN | TLS, PasswordTalk.SHA256, "secret\0")));
        say(server, 3, ok(0, 2));
        assertThat(hear(client)).isEqualTo(TlsTalk.packet(4, ok(0, 2)));
    }

    @Test
    void refusesAPasswordSealedWithAnotherKey() throws Exception {
        say(client, 1, TlsTalk.response(CAN, Scramble.SHA2, "hash"));
        hear(server);
        hear(server);
        say(server, 3, bytes().u1(1, 4));
        hear(client);

        say(client, 3, bytes().raw(sealed("secret", "xxx\4\1" + TlsTalk.SERVER_KEY.pem(), 4)));

        assertThat(hear(client)).contains("#28000Access denied");
        assertThat(hear(client)).isEmpty();
        assertThat(hear(server)).isEmpty();
        assertThat(count("weir_mysql_tls_refused", "reason", "password")).isEqualTo(1);
    }

    /** Somebody in between might say it, to have what follows in the clear. */
    @Test
    void takesNoVerdictBeforeTls() throws IOException {
        say(client, 1, TlsTalk.response(CAN, PasswordTalk.SHA256, "\1"));
        hear(client);

        say(server, 1, ok(0, 2));

        assertThat(hear(client)).contains("#08S01");
        assertThat(hear(client)).isEmpty();
        assertThat(hear(server)).isEmpty();
        assertThat(count("weir_mysql_tls_refused", "reason", "upstream_packet")).isEqualTo(1);
    }
}
