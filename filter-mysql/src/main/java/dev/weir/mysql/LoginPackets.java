package dev.weir.mysql;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The packets of a log-in as far as {@code mysql_tls} reads and changes them (MySQL: "Connection Phase"; MariaDB: "Connection"). Places are
 * counted from the begin of the payload.
 */
final class LoginPackets {
    static final int OK = 0x00;
    static final int MORE_DATA = 0x01;
    /** MySQL: AuthNextFactor, if both sides can do it. */
    static final int NEXT_FACTOR = 0x02;

    static final int SWITCH = 0xfe;
    static final int ERR = 0xff;

    private static final int PROTOCOL_10 = 10;
    /** Bytes of a scramble, without the zero behind it. */
    private static final int NONCE = 20;

    private static final int NONCE_HEAD = 8;
    private static final int NONCE_REST = 13;
    /** Greeting: character set and status; length of the scramble follows the capabilities. */
    private static final int CHARSET_STATUS = 3;

    private static final int RESERVED = 6;
    /** Response: largest packet, character set, filler. */
    private static final int RESPONSE_HEAD = 4 + 1 + 19;

    private static final int LENENC_2 = 0xfc;
    private static final int LONGEST_U1 = 250;

    /**
     * What a server says of itself.
     *
     * @param capabilities with MariaDB's own from bit 32
     * @param capabilitiesAt place of their lowest two bytes
     * @param plugin its default way to log in, or an empty text
     * @param nonce what the client is to prove the password with
     */
    record Greeting(long capabilities, int capabilitiesAt, String plugin, byte[] nonce) {}

    /** How the length of what a client proves itself with is told. */
    enum Form {
        LENENC,
        U1,
        ZERO
    }

    /**
     * What a client proves itself with, within a payload.
     *
     * @param begin where its length stands
     * @param from where it stands
     * @param to its end
     * @param rest where what follows it begins
     */
    record Proof(Form form, int begin, int from, int to, int rest) {
        /** The payload with another proof in its place. */
        byte[] replaced(byte[] payload, byte[] proof) {
            int length = form == Form.LENENC && proof.length > LONGEST_U1 ? 3 : form == Form.ZERO ? 0 : 1;
            byte[] made = new byte[begin + length + proof.length + (form == Form.ZERO ? 1 : 0) + payload.length - rest];
            System.arraycopy(payload, 0, made, 0, begin);
            int at = begin;
            if (length == 3) {
                made[at++] = (byte) LENENC_2;
                made[at++] = (byte) proof.length;
                made[at++] = (byte) (proof.length >> 8);
            } else if (length == 1) {
                made[at++] = (byte) proof.length;
            }
            System.arraycopy(proof, 0, made, at, proof.length);
            System.arraycopy(payload, rest, made, made.length - (payload.length - rest), payload.length - rest);
            return made;
        }

        /** Whether a proof of {@code length} bytes can be told in this form. */
        boolean takes(int length) {
            return form == Form.LENENC ? length <= 0xffff : length <= 0xff;
        }
    }

    /**
     * A client's answer to the greeting, or a COM_CHANGE_USER.
     *
     * @param capabilities what the client can; without MariaDB's own
     * @param plugin its way to log in, or an empty text
     * @param proof null before protocol 4.1
     */
    record Response(
            long capabilities, String plugin, @Nullable Proof proof) {}

    /**
     * A way to log in that the server asks for.
     *
     * @param plugin its name
     * @param nonce what to prove the password with; empty if there is none
     */
    record Switch(String plugin, byte[] nonce) {}

    private LoginPackets() {}

    /** Null if it is none. */
    static @Nullable Greeting greeting(byte[] payload) {
        Payload p = new Payload().of(payload, 0, payload.length);
        if (p.u1() != PROTOCOL_10) {
            return null;
        }
        p.skipZero();
        p.skip(4); // connection id
        int head = p.pos;
        p.skip(NONCE_HEAD + 1);
        int capabilitiesAt = p.pos;
        long can = p.u2();
        if (p.short_) {
            return null;
        }
        byte[] nonce = Arrays.copyOfRange(payload, head, head + NONCE_HEAD);
        String plugin = "";
        if (p.left() > 0) {
            p.skip(CHARSET_STATUS);
            can |= (long) p.u2() << 16;
            int scramble = p.u1();
            p.skip(RESERVED);
            long extended = p.u4();
            if (p.short_) {
                return null;
            }
            if ((can & Capability.MYSQL) == 0) {
                can |= extended << 32;
            }
            if ((can & (Capability.SECURE_CONNECTION | Capability.PLUGIN_AUTH)) != 0) {
                int rest = Math.min(NONCE - NONCE_HEAD, p.left());
                nonce = Arrays.copyOf(nonce, NONCE_HEAD + rest);
                System.arraycopy(payload, p.pos, nonce, NONCE_HEAD, rest);
                p.skip(Math.max(NONCE_REST, scramble - NONCE_HEAD));
            }
            if ((can & Capability.PLUGIN_AUTH) != 0) {
                plugin = p.zeroText(Loop.NAME);
            }
        }
        return new Greeting(can, capabilitiesAt, plugin, nonce);
    }

    /** Whether a client asks for TLS by it. */
    static boolean asksForTls(byte[] payload) {
        return Handshake.asksForTls(new Payload().of(payload, 0, payload.length), payload.length);
    }

    /** Null if it is none. */
    static @Nullable Response response(byte[] payload) {
        Payload p = new Payload().of(payload, 0, payload.length);
        long can = p.u2();
        if (p.short_) {
            return null;
        }
        if ((can & Capability.PROTOCOL_41) == 0) {
            return new Response(can, "", null);
        }
        can |= (long) p.u2() << 16;
        p.skip(RESPONSE_HEAD + 4);
        p.skipZero(); // user
        Proof proof = proof(p, (can & Capability.LENENC_CLIENT_DATA) != 0, can);
        if (proof == null) {
            return null;
        }
        if ((can & Capability.CONNECT_WITH_DB) != 0) {
            p.skipZero();
        }
        return new Response(can, (can & Capability.PLUGIN_AUTH) != 0 ? p.zeroText(Loop.NAME) : "", proof);
    }

    /**
     * Null if it is none.
     *
     * @param can what both sides can
     */
    static @Nullable Response changeUser(byte[] payload, long can) {
        Payload p = new Payload().of(payload, 1, payload.length);
        p.skipZero(); // user
        Proof proof = proof(p, false, can);
        if (proof == null) {
            return null;
        }
        p.skipZero(); // schema
        p.skip(2); // character set
        boolean named = !p.short_ && (can & Capability.PLUGIN_AUTH) != 0;
        return new Response(can, named ? p.zeroText(Loop.NAME) : "", proof);
    }

    private static @Nullable Proof proof(Payload p, boolean lenenc, long can) {
        int begin = p.pos;
        Form form = lenenc ? Form.LENENC : (can & Capability.SECURE_CONNECTION) != 0 ? Form.U1 : Form.ZERO;
        long length = switch (form) {
            case LENENC -> p.lenenc();
            case U1 -> p.u1();
            case ZERO -> p.untilZero();
        };
        int from = p.pos;
        if (p.short_ || length < 0 || length > p.left()) {
            return null;
        }
        int to = from + (int) length;
        int rest = form == Form.ZERO ? to + 1 : to;
        p.pos = rest;
        return new Proof(form, begin, from, to, rest);
    }

    /** AuthSwitchRequest or AuthNextFactor. */
    static Switch toSwitch(byte[] payload) {
        Payload p = new Payload().of(payload, 1, payload.length);
        String plugin = p.zeroText(Loop.NAME);
        int from = Math.min(p.pos, payload.length);
        return new Switch(plugin, Arrays.copyOfRange(payload, from, Math.min(from + NONCE, payload.length)));
    }

    /** Sets or clears what a peer is told about TLS. */
    static void tls(byte[] payload, int capabilitiesAt, boolean can) {
        int at = capabilitiesAt + 1;
        int bit = (int) (Capability.SSL >> 8);
        payload[at] = (byte) (can ? payload[at] | bit : payload[at] & ~bit);
    }
}
