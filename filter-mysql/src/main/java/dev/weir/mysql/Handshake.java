package dev.weir.mysql;

import dev.weir.core.protocol.SniffException;
import dev.weir.core.sql.SqlCharset;
import org.jspecify.annotations.Nullable;

/**
 * Reads the packets of the connection phase (MySQL: "Connection Phase"; MariaDB: "Connection"). Scrambles, passwords and
 * keys are skipped, never kept.
 */
final class Handshake {
    /** Bytes of these packets that are looked at. */
    static final int MOST = 4_096;

    /** Length of the packet by which a client asks for TLS: the head of its answer and no more. */
    static final int SSL_REQUEST = 32;

    private static final int AFTER_SSL_REQUEST = 2;
    /** Type of a handshake, and the major version. */
    private static final int TLS_HEAD = 0x0316;

    private static final int PROTOCOL_10 = 10;
    private static final int FAST_OK = 3;
    private static final int SCRAMBLE = 8;
    private static final int STATUS = 2;
    private static final int MARIADB_RESERVED = 6;
    private static final int SCRAMBLE_REST = 13;
    private static final String REPLICATION_PREFIX = "5.5.5-";

    private Handshake() {}

    /** The first packet of a server, but for an error. Sets what the server can. */
    static void greeting(Payload p, Session session) {
        if (p.u1() != PROTOCOL_10) {
            throw new SniffException("greeting");
        }
        String version = p.zeroText(Loop.NAME);
        p.skip(4 + SCRAMBLE + 1); // connection id, scramble, zero
        long can = p.u2();
        boolean mariadb = version.contains("MariaDB") || version.startsWith(REPLICATION_PREFIX);
        SqlCharset charset = SqlCharset.UNKNOWN;
        if (p.left() > 0) {
            charset = Charsets.ofCollation(p.u1());
            p.skip(STATUS);
            can |= (long) p.u2() << 16;
            int scramble = p.u1();
            p.skip(MARIADB_RESERVED);
            long extended = p.u4();
            if ((can & Capability.MYSQL) == 0) {
                can |= extended << 32;
                mariadb = true;
            }
            if ((can & (Capability.SECURE_CONNECTION | Capability.PLUGIN_AUTH)) != 0) {
                p.skip(Math.max(SCRAMBLE_REST, scramble - SCRAMBLE));
            }
            if ((can & Capability.PLUGIN_AUTH) != 0) {
                session.authPlugin(p.zeroText(Loop.NAME));
            }
        }
        String plain =
                version.startsWith(REPLICATION_PREFIX) ? version.substring(REPLICATION_PREFIX.length()) : version;
        session.server(plain, mariadb, charset);
        session.capabilities = can;
    }

    /** Whether a first packet of a client of this length asks for TLS. */
    static boolean asksForTls(Payload p, long length) {
        return length == SSL_REQUEST && p.left() >= 4 && (p.bytes[p.pos + 1] & (Capability.SSL >> 8)) != 0;
    }

    /**
     * Whether what follows a request for TLS is TLS (RFC 8446 §5.1: type, version, length; read as the head of a packet), and not the packet
     * that comes next: then TLS is ended, or begun, beyond who sees it.
     */
    static boolean isTls(int sequence, int length) {
        return sequence != AFTER_SSL_REQUEST || (length & 0xffff) == TLS_HEAD && length > 0xffff;
    }

    /** The client's answer to the greeting. Narrows what can be used to what both sides can. */
    static void response(Payload p, Session session, Command login) {
        long can = p.u2();
        if ((can & Capability.PROTOCOL_41) == 0) {
            response320(p, session, login, can);
            return;
        }
        can |= (long) p.u2() << 16;
        p.skip(4); // largest packet
        int collation = p.u1();
        int wide = collation | p.u1() << 8; // newer servers of MariaDB read two bytes, where others have a filler
        p.skip(18);
        SqlCharset charset = session.charsetOf(collation);
        login.charset = charset == session.charsetOf(wide) ? charset : SqlCharset.UNKNOWN;
        long extended = p.u4();
        if ((can & Capability.MYSQL) == 0) {
            can |= extended << 32;
        }
        session.capabilities &= can;
        login.user = p.zeroText(Loop.NAME);
        skipAuth(p, can);
        login.schema = (can & Capability.CONNECT_WITH_DB) != 0 ? p.zeroText(Loop.NAME) : null;
        if ((can & Capability.PLUGIN_AUTH) != 0) {
            session.authPlugin(p.zeroText(Loop.NAME));
        }
        if ((can & Capability.CONNECT_ATTRS) != 0) {
            attributes(p, session, login);
        }
    }

    private static void skipAuth(Payload p, long can) {
        if ((can & Capability.LENENC_CLIENT_DATA) != 0) {
            p.skipText();
        } else if ((can & Capability.SECURE_CONNECTION) != 0) {
            p.skip(p.u1());
        } else {
            p.skipZero();
        }
    }

    /** Before 4.1: two bytes of capabilities, no plugins. */
    private static void response320(Payload p, Session session, Command login, long can) {
        session.capabilities &= can;
        p.skip(3);
        login.user = p.zeroText(Loop.NAME);
        if ((can & Capability.CONNECT_WITH_DB) != 0) {
            p.skipZero();
            login.schema = p.zeroText(Loop.NAME);
        }
    }

    /** COM_CHANGE_USER, from behind its first byte. */
    static void changeUser(Payload p, Session session, Command command) {
        command.user = p.zeroText(Loop.NAME);
        if (session.can(Capability.SECURE_CONNECTION)) {
            p.skip(p.u1());
        } else {
            p.skipZero();
        }
        command.schema = p.zeroText(Loop.NAME);
        if (p.left() < 2) {
            return;
        }
        command.charset = session.charsetOf(p.u2());
        if (session.can(Capability.PLUGIN_AUTH)) {
            session.authPlugin(p.zeroText(Loop.NAME));
        }
        if (session.can(Capability.CONNECT_ATTRS)) {
            attributes(p, session, command);
        }
    }

    private static void attributes(Payload p, Session session, Command login) {
        long length = p.lenenc();
        int end = (int) Math.min(p.end, p.pos + Math.max(0, length));
        String program = null;
        String name = null;
        String version = null;
        while (p.pos < end && !p.short_) {
            int key = attribute(p);
            String value = p.lenencText(key == OTHER ? 0 : Loop.NAME);
            switch (key) {
                case PROGRAM -> program = value;
                case CLIENT_NAME -> name = value;
                case CLIENT_VERSION -> version = value;
                default -> {}
            }
        }
        session.client(name, version);
        login.app = program != null && !program.isEmpty() ? program : name;
    }

    private static final int OTHER = 0;
    private static final int PROGRAM = 1;
    private static final int CLIENT_NAME = 2;
    private static final int CLIENT_VERSION = 3;

    private static int attribute(Payload p) {
        long length = p.lenenc();
        int key = is(p, "program_name", length)
                ? PROGRAM
                : is(p, "_client_name", length)
                        ? CLIENT_NAME
                        : is(p, "_client_version", length) ? CLIENT_VERSION : OTHER;
        p.skip(Math.max(0, length));
        return key;
    }

    private static boolean is(Payload p, String name, long length) {
        return length == name.length() && p.at(name);
    }

    /** The plugin a server asks for instead (AuthSwitchRequest, from behind its first byte). */
    static void authSwitch(Payload p, Session session) {
        if (p.left() > 0) {
            session.authPlugin(p.zeroText(Loop.NAME));
        }
    }

    /** Whether data of a plugin say that the client has proved enough already (caching_sha2_password, from behind the first byte). */
    static boolean enough(Payload p) {
        return p.left() == 1 && p.bytes[p.pos] == FAST_OK;
    }

    /** Empty texts are absent. */
    static @Nullable String present(Loop loop, @Nullable String text) {
        return text == null || text.isEmpty() ? null : loop.same(text);
    }
}
