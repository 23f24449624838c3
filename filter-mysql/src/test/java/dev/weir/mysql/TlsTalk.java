package dev.weir.mysql;

import static dev.weir.mysql.Talk.bytes;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.testkit.FakeConnection;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.FilterTester;
import io.micrometer.core.instrument.Counter;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import javax.crypto.Cipher;

/** A conversation through {@code mysql_tls}, with packets of both peers made by hand. */
final class TlsTalk implements AutoCloseable {
    /** The key of a server. */
    static final ServerKey SERVER_KEY = new ServerKey();

    final FilterTester tester;
    private final FakeEnvironment environment = new FakeEnvironment();

    TlsTalk(Map<String, ?> settings) {
        ConfigErrors errors = new ConfigErrors();
        PerLoop<NetworkFilter> configured = new MysqlTlsFactory()
                .configure(ConfigNode.of(settings, errors), new TestTlsFilter.Environment(environment));
        errors.throwIfAny("test");
        tester = FilterTester.of(configured.onLoop(environment).create(new FakeConnection()));
    }

    /** Made once, by the JDK. */
    static final class ServerKey {
        private final KeyPair pair;

        ServerKey() {
            try {
                KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
                generator.initialize(2048);
                pair = generator.generateKeyPair();
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException(e);
            }
        }

        String pem() {
            return "-----BEGIN PUBLIC KEY-----\n"
                    + Base64.getMimeEncoder(64, new byte[] {'\n'})
                            .encodeToString(pair.getPublic().getEncoded())
                    + "\n-----END PUBLIC KEY-----\n";
        }

        /** What a server makes of a packet of number {@code sequence}. */
        String open(String packet, int sequence, String nonce) throws GeneralSecurityException {
            byte[] all = raw(packet);
            if (all.length != 4 + 256 || all[1] != 1 || all[3] != sequence) {
                throw new GeneralSecurityException("not a sealed password: " + Arrays.toString(all));
            }
            Cipher cipher = Cipher.getInstance("RSA/ECB/OAEPWithSHA-1AndMGF1Padding");
            cipher.init(Cipher.DECRYPT_MODE, pair.getPrivate());
            byte[] mixed = cipher.doFinal(all, 4, 256);
            for (int i = 0; i < mixed.length; i++) {
                mixed[i] ^= (byte) nonce.charAt(i % 20);
            }
            return text(mixed);
        }
    }

    // ---- packets

    static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    static byte[] raw(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    static String latin(int... values) {
        return text(bytes().u1(values).done());
    }

    static String packet(int sequence, Talk.Bytes payload) {
        return text(Talk.packet(sequence, payload.done()));
    }

    static Talk.Bytes greeting(long can) {
        return bytes().u1(10)
                .zero("8.0.36")
                .u4(7)
                .fill(8, 'x')
                .u1(0)
                .u2((int) can)
                .u1(255)
                .u2(2)
                .u2((int) (can >> 16))
                .u1(21)
                .fill(10, 0)
                .fill(12, 'y')
                .u1(0)
                .zero(Scramble.SHA2);
    }

    private static Talk.Bytes head(long can) {
        return bytes().u4(can).u4(1 << 24).u1(255).fill(23, 0);
    }

    /** Asks for TLS. */
    static Talk.Bytes request(long can) {
        return head(can);
    }

    static Talk.Bytes response(long can, String plugin, String proof) {
        return head(can).zero("ann").lenenc(proof).zero("orders").zero(plugin);
    }

    static Talk.Bytes toSwitch(String plugin, String nonce) {
        return bytes().u1(0xfe).zero(plugin).zero(nonce);
    }

    // ---- the conversation

    TlsTalk server(String bytes) {
        if (!bytes.isEmpty()) {
            tester.upstream(bytes);
        }
        return this;
    }

    TlsTalk server(int sequence, Talk.Bytes payload) {
        return server(packet(sequence, payload));
    }

    TlsTalk client(String bytes) {
        if (!bytes.isEmpty()) {
            tester.client(bytes);
        }
        return this;
    }

    TlsTalk client(int sequence, Talk.Bytes payload) {
        return client(packet(sequence, payload));
    }

    String toClient() {
        return tester.toClient();
    }

    String toUpstream() {
        return tester.toUpstream();
    }

    CloseReason closed() {
        return tester.closeReason();
    }

    Connection connection() {
        return tester.connection();
    }

    double count(String name, String... tags) {
        Counter counter = environment.meters().get(name).tags(tags).counter();
        return counter.count();
    }

    double refused(String reason) {
        return count("weir_mysql_tls_refused", "reason", reason);
    }

    @Override
    public void close() {
        tester.close();
    }
}
