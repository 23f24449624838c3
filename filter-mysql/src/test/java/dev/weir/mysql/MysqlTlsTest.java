package dev.weir.mysql;

import static dev.weir.mysql.Talk.bytes;
import static dev.weir.mysql.Talk.ok;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.ConnectionAttribute;
import dev.weir.core.tls.ClientHello;
import dev.weir.core.tls.TlsSession;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code mysql_tls} toward clients, byte by byte: its TLS encrypts nothing here. */
final class MysqlTlsTest {
    private static final long CAN = Talk.CAN | Capability.CONNECT_WITH_DB;
    private static final long TLS = Capability.SSL;
    private static final String NONCE = "xxxxxxxxyyyyyyyyyyyy";

    private static final Map<String, ?> CLIENTS = Map.of("client_tls", Map.of("none", true));

    private static TlsTalk talk() {
        return new TlsTalk(CLIENTS);
    }

    /** Client with TLS, server without, up to the log-in. */
    private static TlsTalk asked() {
        TlsTalk talk = talk();
        talk.server(0, TlsTalk.greeting(CAN)).client(1, TlsTalk.request(CAN | TLS));
        talk.toClient();
        return talk;
    }

    private static TlsTalk loggedIn() {
        TlsTalk talk = asked();
        talk.client(2, TlsTalk.response(CAN | TLS, Scramble.SHA2, "hash")).server(2, ok(0, 2));
        talk.toUpstream();
        talk.toClient();
        return talk;
    }

    // ---- the greeting

    @Test
    void offersTlsInTheServersPlace() {
        try (TlsTalk talk = talk()) {
            talk.server(0, TlsTalk.greeting(CAN));

            assertThat(talk.toClient()).isEqualTo(TlsTalk.packet(0, TlsTalk.greeting(CAN | TLS)));
        }
    }

    @Test
    void doesNotOfferTlsThatOnlyTheServerHas() {
        try (TlsTalk talk = new TlsTalk(Map.of("upstream_tls", Map.of("none", true), "upstream_mode", "preferred"))) {
            talk.server(0, TlsTalk.greeting(CAN | TLS));

            assertThat(talk.toClient()).isEqualTo(TlsTalk.packet(0, TlsTalk.greeting(CAN)));
        }
    }

    @Test
    void passesARefusalInPlaceOfAGreeting() {
        try (TlsTalk talk = talk()) {
            Talk.Bytes refusal = bytes().u1(0xff).u2(1040).text("Too many connections");
            talk.server(0, refusal);

            assertThat(talk.toClient()).isEqualTo(TlsTalk.packet(0, refusal));
            // Nothing that follows can be believed.
            assertThat(talk.closed()).isEqualTo(CloseReason.UPSTREAM_CLOSED);
        }
    }

    /** Somebody in between might say it to have the log-in in the clear. */
    @Test
    void sendsNothingBehindARefusalBeforeTls() {
        try (TlsTalk talk = new TlsTalk(Map.of("upstream_tls", Map.of("none", true)))) {
            Talk.Bytes refusal = bytes().u1(0xff).u2(1040).text("Too many connections");
            talk.server(0, TlsTalk.greeting(CAN | TLS));
            talk.toClient();

            talk.server(1, refusal).client(1, TlsTalk.response(CAN, Scramble.SHA2, "hash"));

            assertThat(talk.toClient()).isEqualTo(TlsTalk.packet(1, refusal));
            assertThat(talk.toUpstream()).isEmpty();
        }
    }

    @Test
    void refusesAServerWithoutTlsWhereItIsRequired() {
        try (TlsTalk talk = new TlsTalk(Map.of("upstream_tls", Map.of("none", true)))) {
            talk.server(0, TlsTalk.greeting(CAN));

            assertThat(talk.toClient().substring(3))
                    .startsWith(TlsTalk.latin(0, 0xff, 0x13, 4) + "TLS with the server");
            assertThat(talk.closed()).isEqualTo(CloseReason.UPSTREAM_TLS_FAILED);
            assertThat(talk.refused("upstream_plain")).isEqualTo(1);
        }
    }

    // ---- the log-in

    @Test
    void numbersPacketsAnewForEachSide() {
        try (TlsTalk talk = asked()) {
            talk.client(2, TlsTalk.response(CAN | TLS, Scramble.SHA2, "hash"));
            assertThat(talk.toUpstream()).isEqualTo(TlsTalk.packet(1, TlsTalk.response(CAN, Scramble.SHA2, "hash")));

            talk.server(2, TlsTalk.toSwitch("client_ed25519", "n".repeat(32)));
            assertThat(talk.toClient())
                    .isEqualTo(TlsTalk.packet(3, TlsTalk.toSwitch("client_ed25519", "n".repeat(32))));
            talk.client(4, bytes().text("signature"));
            assertThat(talk.toUpstream()).isEqualTo(TlsTalk.packet(3, bytes().text("signature")));
            talk.server(4, ok(0, 2));
            assertThat(talk.toClient()).isEqualTo(TlsTalk.packet(5, ok(0, 2)));

            talk.client(0, Talk.query("SELECT 1"));
            assertThat(talk.toUpstream()).isEqualTo(TlsTalk.packet(0, Talk.query("SELECT 1")));
        }
    }

    @Test
    void leavesALogInWithoutTlsAsItIs() {
        try (TlsTalk talk = talk()) {
            String response = TlsTalk.packet(1, TlsTalk.response(CAN, Scramble.SHA2, "hash"));
            talk.server(0, TlsTalk.greeting(CAN)).client(response);
            assertThat(talk.toUpstream()).isEqualTo(response);
            talk.toClient();

            talk.server(2, ok(0, 2));

            assertThat(talk.toClient()).isEqualTo(TlsTalk.packet(2, ok(0, 2)));
        }
    }

    @Test
    void tellsWhoTheClientIsBeforeItsFirstByte() {
        try (TlsTalk talk = asked()) {
            talk.client(2, TlsTalk.response(CAN | TLS, Scramble.SHA2, "hash"));

            TlsSession session = talk.connection().get(ConnectionAttribute.TLS);
            assertThat(Objects.requireNonNull(session).serverName()).isEqualTo("client.example");
            assertThat(talk.connection().get(ConnectionAttribute.SNI)).isEqualTo("client.example");
            assertThat(talk.count("weir_mysql_tls_logins", "client", "tls", "upstream", "plain"))
                    .isEqualTo(1);
        }
    }

    @Test
    void waitsForTheNameWhereCertificatesAreChosenByIt() {
        try (TlsTalk talk = new TlsTalk(Map.of("client_tls", Map.of("none", true, "by_name", true)))) {
            TestTls.HELLO.set(null);
            talk.server(0, TlsTalk.greeting(CAN));
            String response = TlsTalk.packet(2, TlsTalk.response(CAN | TLS, Scramble.SHA2, "hash"));

            talk.client(TlsTalk.packet(1, TlsTalk.request(CAN | TLS)) + response.substring(0, 4));
            assertThat(TestTls.HELLO.get()).isNull();
            talk.client(response.substring(4));

            assertThat(TestTls.HELLO.get()).isEqualTo(new ClientHello(true, "by.name", List.of()));
            assertThat(talk.toUpstream()).isNotEmpty();
        }
    }

    /** What comes behind the request in one segment belongs to TLS. */
    @Test
    void takesBytesInWhateverPiecesTheyCome() {
        String greeting = TlsTalk.packet(0, TlsTalk.greeting(CAN));
        String client = TlsTalk.packet(1, TlsTalk.request(CAN | TLS))
                + TlsTalk.packet(2, TlsTalk.response(CAN | TLS, Scramble.SHA2, "hash"));
        String answer = TlsTalk.packet(2, bytes().u1(1, 3)) + TlsTalk.packet(3, ok(0, 2)) + "more";
        for (int at = 0; at <= client.length(); at++) {
            try (TlsTalk talk = talk()) {
                int cut = Math.min(at, greeting.length());
                talk.server(greeting.substring(0, cut)).server(greeting.substring(cut));
                assertThat(talk.toClient()).isEqualTo(TlsTalk.packet(0, TlsTalk.greeting(CAN | TLS)));
                talk.client(client.substring(0, at)).client(client.substring(at));
                assertThat(talk.toUpstream())
                        .isEqualTo(TlsTalk.packet(1, TlsTalk.response(CAN, Scramble.SHA2, "hash")));
                cut = Math.min(at, answer.length());
                talk.server(answer.substring(0, cut)).server(answer.substring(cut));
                assertThat(talk.toClient())
                        .isEqualTo(TlsTalk.packet(3, bytes().u1(1, 3)) + TlsTalk.packet(4, ok(0, 2)) + "more");
            }
        }
    }

    @Test
    void holdsCommandsUntilTheLogInIsOver() {
        try (TlsTalk talk = asked()) {
            String command = TlsTalk.packet(0, Talk.query("SELECT 1"));
            talk.client(TlsTalk.packet(2, TlsTalk.response(CAN | TLS, Scramble.SHA2, "hash")) + command);
            talk.toUpstream();

            talk.server(2, bytes().u1(1, 3));
            assertThat(talk.toUpstream()).isEmpty();
        }
        try (TlsTalk talk = asked()) {
            String command = TlsTalk.packet(0, Talk.query("SELECT 1"));
            talk.client(TlsTalk.packet(2, TlsTalk.response(CAN | TLS, Scramble.SHA2, "hash")) + command);
            talk.toUpstream();

            talk.server(2, ok(0, 2));
            assertThat(talk.toUpstream()).isEqualTo(command);
        }
    }

    // ---- passwords

    @Test
    void sealsAPasswordThatTheServerWantsInFull() throws GeneralSecurityException {
        try (TlsTalk talk = asked()) {
            talk.client(2, TlsTalk.response(CAN | TLS, Scramble.SHA2, "hash"));
            talk.toUpstream();
            talk.server(2, bytes().u1(1, 4));
            assertThat(talk.toClient()).isEqualTo(TlsTalk.packet(3, bytes().u1(1, 4)));

            talk.client(4, bytes().zero("secret"));
            assertThat(talk.toUpstream()).isEqualTo(TlsTalk.packet(3, bytes().u1(2)));
            talk.server(4, bytes().u1(1).text(TlsTalk.SERVER_KEY.pem()));
            assertThat(talk.toClient()).isEmpty();
            assertThat(TlsTalk.SERVER_KEY.open(talk.toUpstream(), 5, NONCE)).isEqualTo("secret\0");

            talk.server(6, ok(0, 2));
            assertThat(talk.toClient()).isEqualTo(TlsTalk.packet(5, ok(0, 2)));
            assertThat(talk.count("weir_mysql_tls_passwords", "how", "sealed")).isEqualTo(1);
        }
    }

    @Test
    void sealsWithTheNonceOfASwitch() throws GeneralSecurityException {
        try (TlsTalk talk = asked()) {
            talk.client(2, TlsTalk.response(CAN | TLS, Scramble.NATIVE, "hash"));
            talk.server(2, TlsTalk.toSwitch(PasswordTalk.SHA256, "another-nonce-here-!"));
            talk.client(4, bytes().zero("secret"));
            talk.toUpstream();

            talk.server(4, bytes().u1(1).text(TlsTalk.SERVER_KEY.pem()));

            assertThat(TlsTalk.SERVER_KEY.open(talk.toUpstream(), 5, "another-nonce-here-!"))
                    .isEqualTo("secret\0");
        }
    }

    @Test
    void asksForTheKeyInPlaceOfAPasswordThatComesWithTheResponse() {
        try (TlsTalk talk = asked()) {
            talk.client(2, TlsTalk.response(CAN | TLS, PasswordTalk.SHA256, "secret\0"));

            assertThat(talk.toUpstream())
                    .isEqualTo(TlsTalk.packet(1, TlsTalk.response(CAN, PasswordTalk.SHA256, "\1")));

            // It wants another plugin: the password is forgotten.
            talk.server(2, TlsTalk.toSwitch(Scramble.NATIVE, NONCE));
            talk.toClient();
            talk.client(4, bytes().text("hash"));
            assertThat(talk.toUpstream()).isEqualTo(TlsTalk.packet(3, bytes().text("hash")));
        }
    }

    @Test
    void doesNotSealWithWhatIsNoKey() {
        try (TlsTalk talk = asked()) {
            talk.client(2, TlsTalk.response(CAN | TLS, Scramble.SHA2, "hash"));
            talk.server(2, bytes().u1(1, 4)).client(4, bytes().zero("secret"));
            talk.toUpstream();

            talk.server(4, bytes().u1(1).text("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"));

            assertThat(talk.toUpstream()).isEmpty();
            assertThat(talk.closed()).isEqualTo(CloseReason.FILTER);
            assertThat(talk.refused("upstream_key")).isEqualTo(1);
        }
    }

    // ---- commands

    @Test
    void sealsThePasswordOfAnotherUser() throws GeneralSecurityException {
        try (TlsTalk talk = loggedIn()) {
            Talk.Bytes change = bytes().u1(0x11)
                    .zero("bob")
                    .u1(3)
                    .text("abc")
                    .zero("orders")
                    .u2(255)
                    .zero(Scramble.SHA2);
            String before = TlsTalk.packet(0, Talk.query("SELECT 1"));
            talk.client(before);
            assertThat(talk.toUpstream()).isEqualTo(before);
            talk.server(1, ok(0, 2));
            talk.toClient();
            talk.client(0, change);
            assertThat(talk.toUpstream()).isEqualTo(TlsTalk.packet(0, change));

            talk.server(1, TlsTalk.toSwitch(Scramble.SHA2, "another-nonce-here-!"))
                    .client(2, bytes().text("hash"))
                    .server(3, bytes().u1(1, 4))
                    .client(4, bytes().zero("other"));
            assertThat(talk.toUpstream())
                    .isEqualTo(TlsTalk.packet(2, bytes().text("hash")) + TlsTalk.packet(4, bytes().u1(2)));
            talk.server(5, bytes().u1(1).text(TlsTalk.SERVER_KEY.pem()));
            assertThat(TlsTalk.SERVER_KEY.open(talk.toUpstream(), 6, "another-nonce-here-!"))
                    .isEqualTo("other\0");
            talk.toClient();
            talk.server(7, ok(0, 2));
            assertThat(talk.toClient()).isEqualTo(TlsTalk.packet(5, ok(0, 2)));

            talk.client(before);
            assertThat(talk.toUpstream()).isEqualTo(before);
        }
    }

    @Test
    void takesNoFileForAnotherUser() {
        try (TlsTalk talk = loggedIn()) {
            StringBuilder sent =
                    new StringBuilder(TlsTalk.packet(0, Talk.query("LOAD DATA LOCAL INFILE 'f' INTO TABLE t")));
            for (int sequence = 2; sequence < 2 + 256; sequence++) { // one of them is number 0
                sent.append(TlsTalk.packet(sequence & 0xff, bytes().u1(0x11).text("a line")));
            }
            sent.append(TlsTalk.packet(2, bytes()));
            for (int at = 0; at < sent.length(); at += 7) {
                talk.client(sent.substring(at, Math.min(at + 7, sent.length())));
            }

            assertThat(talk.toUpstream()).isEqualTo(sent.toString());
        }
    }

    // ---- what is refused

    @Test
    void refusesAClientWithoutTlsWhereItIsRequired() {
        try (TlsTalk talk = new TlsTalk(Map.of("client_tls", Map.of("none", true), "require_client_tls", true))) {
            talk.server(0, TlsTalk.greeting(CAN));
            talk.toClient();

            talk.client(1, TlsTalk.response(CAN, Scramble.SHA2, "hash"));

            assertThat(talk.toUpstream()).isEmpty();
            assertThat(talk.toClient().substring(3)).startsWith(TlsTalk.latin(2, 0xff, 0x57, 0x0c) + "#HY000");
            assertThat(talk.closed()).isEqualTo(CloseReason.FILTER);
        }
    }

    @Test
    void refusesMoreHandshakesThanAllowed() {
        try (TlsTalk talk = new TlsTalk(Map.of("client_tls", Map.of("none", true, "max_handshakes", 0)))) {
            talk.server(0, TlsTalk.greeting(CAN)).client(1, TlsTalk.request(CAN | TLS));

            assertThat(talk.closed()).isEqualTo(CloseReason.LIMIT);
            assertThat(talk.refused("handshakes")).isEqualTo(1);
        }
    }

    @Test
    void refusesTlsThatItHasNotOffered() {
        try (TlsTalk talk = new TlsTalk(Map.of("upstream_tls", Map.of("none", true), "upstream_mode", "preferred"))) {
            talk.server(0, TlsTalk.greeting(CAN)).client(1, TlsTalk.request(CAN | TLS));

            assertThat(talk.closed()).isEqualTo(CloseReason.PROTOCOL_ERROR);
            assertThat(talk.refused("not_offered")).isEqualTo(1);
            assertThat(talk.toUpstream()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "client_packet \5\0\0\1\0\2\0\0\0",
                "client_packet \0\0\0\1",
                "client_sequence \5\0\0\2hello",
                "client_size \1\0\2\1",
                "client_size GET / HTTP/1.0\r\n\r\n"
            })
    void endsWhatIsNoResponse(String reasonAndBytes) {
        int space = reasonAndBytes.indexOf(' ');
        try (TlsTalk talk = talk()) {
            talk.server(0, TlsTalk.greeting(CAN));
            talk.toClient();

            talk.client(reasonAndBytes.substring(space + 1));

            assertThat(talk.refused(reasonAndBytes.substring(0, space))).isEqualTo(1);
            assertThat(talk.closed()).isEqualTo(CloseReason.PROTOCOL_ERROR);
            assertThat(talk.toClient()).contains("#08S01");
            assertThat(talk.toUpstream()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"\5\0\0\0\11abcd", "\4\0\0\0\12abc", "\2\0\0\1\12a", "\0\0\0\0", "\1\0\2\0", "HTTP/1.0 400 Bad"})
    void endsWhatIsNoGreeting(String said) {
        try (TlsTalk talk = talk()) {
            talk.server(said);

            assertThat(talk.closed()).isEqualTo(CloseReason.FILTER);
            assertThat(talk.refused("greeting") + talk.refused("upstream_packet"))
                    .isEqualTo(1);
        }
    }

    @Test
    void endsWithAPeerThatLeavesInTheMiddleOfAPacket() {
        try (TlsTalk talk = talk()) {
            talk.server(TlsTalk.packet(0, TlsTalk.greeting(CAN)).substring(0, 20));
            talk.tester.upstreamEnds();
            assertThat(talk.closed()).isEqualTo(CloseReason.UPSTREAM_CLOSED);
        }
        try (TlsTalk talk = asked()) {
            talk.client("\44\0");
            talk.tester.clientEnds();
            assertThat(talk.closed()).isEqualTo(CloseReason.CLIENT_CLOSED);
        }
        try (TlsTalk talk = loggedIn()) {
            talk.client("\44\0");
            talk.tester.clientEnds();
            assertThat(talk.toUpstream()).isEqualTo("\44\0");
            assertThat(talk.tester.upstreamSawEnd()).isTrue();
        }
    }

    @Test
    void survivesWhateverPeersSay() {
        byte[] greeting = TlsTalk.raw(TlsTalk.packet(0, TlsTalk.greeting(CAN)));
        byte[] client = TlsTalk.raw(TlsTalk.packet(1, TlsTalk.request(CAN | TLS))
                + TlsTalk.packet(2, TlsTalk.response(CAN | TLS, PasswordTalk.SHA256, "secret\0")));
        byte[] answers = TlsTalk.raw(TlsTalk.packet(2, TlsTalk.toSwitch(Scramble.SHA2, NONCE))
                + TlsTalk.packet(3, bytes().u1(1).text(TlsTalk.SERVER_KEY.pem())));
        Random random = new Random(7);
        for (int i = 0; i < 3_000; i++) {
            try (TlsTalk talk = talk()) {
                talk.server(TlsTalk.text(bent(greeting, random)));
                talk.client(TlsTalk.text(bent(client, random)));
                talk.server(TlsTalk.text(bent(answers, random)));
                talk.client(TlsTalk.text(bent(client, random)));

                assertThat(talk.closed()).isNotEqualTo(CloseReason.INTERNAL_ERROR);
            }
        }
    }

    private static byte[] bent(byte[] bytes, Random random) {
        byte[] bent = random.nextInt(4) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length + 8)) : bytes.clone();
        for (int n = random.nextInt(3); n > 0 && bent.length > 0; n--) {
            bent[random.nextInt(bent.length)] = (byte) random.nextInt();
        }
        return bent;
    }
}
