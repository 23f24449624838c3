package dev.weir.mysql;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Follows a log-in where one side is encrypted and the other one is not, for the two plugins that send a password as it is over TLS and sealed
 * with the server's RSA key otherwise (MySQL: "Caching_sha2_password information", "SHA-256 Pluggable Authentication").
 *
 * <pre>
 *   caching_sha2_password   server 01 04      client password NUL | 02, server 01 PEM, client sealed
 *   sha256_password         (greeting/switch) client password NUL | 01, server 01 PEM, client sealed
 * </pre>
 */
final class PasswordTalk {
    static final String SHA256 = "sha256_password";

    private static final int FULL = 4;
    private static final byte[] NONE = {};

    /** Which sides are encrypted. */
    enum Mode {
        /** Both or none: nothing is to be done. */
        EQUAL,
        /** The client's only: the password comes as it is, and the server wants it sealed. */
        SEAL,
        /** The server's only: the password comes sealed, and the server wants it as it is. */
        OPEN
    }

    /** What becomes of what a client proves itself with. */
    enum Act {
        /** It goes on. */
        FORWARD,
        /** It was the password: the server is asked for its key instead, by {@link #request}. */
        ASK,
        /** It asks for a key: it gets ours. */
        TELL_KEY,
        /** It is the password sealed with our key. */
        OPEN
    }

    private enum Expected {
        NOTHING,
        /** A password, or the question for a key. */
        PASSWORD,
        SEALED
    }

    private final Mode mode;
    private String plugin;
    private byte[] nonce;
    private int request;
    private Expected expected = Expected.NOTHING;
    private boolean keyAwaited;
    private byte @Nullable [] password;

    PasswordTalk(Mode mode, String plugin, byte[] nonce) {
        this.mode = mode;
        this.plugin = plugin;
        this.nonce = nonce;
        begin(plugin, NONE);
    }

    /** The client proposes, or the server wants, another plugin. */
    void begin(String name, byte[] newNonce) {
        plugin = name;
        if (newNonce.length > 0) {
            nonce = newNonce;
        }
        boolean atOnce = name.equals(SHA256);
        request = atOnce ? 1 : 2;
        expected = atOnce ? Expected.PASSWORD : Expected.NOTHING;
    }

    /** A packet of the server that goes on to the client. */
    void server(byte[] payload, boolean factors) {
        int first = payload.length == 0 ? -1 : payload[0] & 0xff;
        if (first == LoginPackets.SWITCH || first == LoginPackets.NEXT_FACTOR && factors) {
            LoginPackets.Switch to = LoginPackets.toSwitch(payload);
            begin(to.plugin(), to.nonce());
        } else if (first == LoginPackets.MORE_DATA
                && payload.length == 2
                && payload[1] == FULL
                && plugin.equals(Scramble.SHA2)) {
            expected = Expected.PASSWORD;
        }
    }

    /** What the client proves itself with: {@code payload[from, to)}. */
    Act client(byte[] payload, int from, int to) {
        Expected was = expected;
        expected = Expected.NOTHING;
        int length = to - from;
        if (mode == Mode.EQUAL || was == Expected.NOTHING) {
            return Act.FORWARD;
        }
        if (was == Expected.SEALED) {
            return Act.OPEN;
        }
        if (length == 0 || length == 1 && payload[from] == 0) {
            return Act.FORWARD; // no password
        }
        boolean asks = length == 1 && payload[from] == request;
        if (mode == Mode.OPEN) {
            expected = asks ? Expected.SEALED : Expected.NOTHING;
            return asks ? Act.TELL_KEY : Act.OPEN;
        }
        if (asks) {
            return Act.FORWARD; // it seals the password by itself
        }
        password = Arrays.copyOfRange(payload, from, payload[to - 1] == 0 ? to - 1 : to);
        keyAwaited = true;
        return Act.ASK;
    }

    /** The question for the server's key. */
    byte[] request() {
        return new byte[] {(byte) request};
    }

    /** Whether the server's next packet is its key, for us alone. */
    boolean keyAwaited() {
        return keyAwaited;
    }

    byte[] nonce() {
        return nonce;
    }

    /** The password, once; the caller's to wipe. */
    byte[] takePassword() {
        byte[] taken = password;
        password = null;
        keyAwaited = false;
        return taken == null ? NONE : taken;
    }

    /** Wipes what it knows. */
    void forget() {
        if (password != null) {
            Arrays.fill(password, (byte) 0);
            password = null;
        }
        keyAwaited = false;
        expected = Expected.NOTHING;
    }
}
