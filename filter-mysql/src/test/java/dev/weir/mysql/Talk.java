package dev.weir.mysql;

import dev.weir.core.testkit.WireScript;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.zip.Deflater;

/** Builds conversations packet by packet, after the protocol's documentation: for what no server says on demand. */
final class Talk {
    /** MySQL 8.0 and a client of its time. */
    static final long CAN = 0x00FF_FFFFL & ~(1L << 5) & ~(1L << 11);

    static final long DEPRECATE_EOF = 1L << 24;

    private final StringBuilder script = new StringBuilder();
    private int sequence;

    /** Bytes of a packet's payload. */
    static final class Bytes {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Bytes u1(int... values) {
            for (int value : values) {
                out.write(value);
            }
            return this;
        }

        Bytes u2(int value) {
            return u1(value, value >> 8);
        }

        Bytes u4(long value) {
            return u2((int) value).u2((int) (value >> 16));
        }

        Bytes text(String text) {
            out.writeBytes(text.getBytes(StandardCharsets.UTF_8));
            return this;
        }

        Bytes zero(String text) {
            return text(text).u1(0);
        }

        Bytes lenenc(String text) {
            return u1(text.length()).text(text);
        }

        Bytes fill(int n, int value) {
            for (int i = 0; i < n; i++) {
                out.write(value);
            }
            return this;
        }

        /** Characters up to U+00FF, a byte each. */
        Bytes latin(String text) {
            return raw(text.getBytes(StandardCharsets.ISO_8859_1));
        }

        Bytes raw(byte[] bytes) {
            out.writeBytes(bytes);
            return this;
        }

        byte[] done() {
            return out.toByteArray();
        }
    }

    static Bytes bytes() {
        return new Bytes();
    }

    static byte[] packet(int sequence, byte[] payload) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int at = 0;
        int number = sequence;
        while (true) {
            int n = Math.min(0xFFFFFF, payload.length - at);
            out.write(n);
            out.write(n >> 8);
            out.write(n >> 16);
            out.write(number++);
            out.write(payload, at, n);
            at += n;
            if (n < 0xFFFFFF) {
                return out.toByteArray();
            }
        }
    }

    /** A frame of the compressed protocol, deflated. */
    static byte[] deflated(int sequence, byte[] plain) {
        Deflater deflater = new Deflater();
        deflater.setInput(plain);
        deflater.finish();
        byte[] room = new byte[plain.length + 64];
        int n = deflater.deflate(room);
        deflater.end();
        return frame(sequence, java.util.Arrays.copyOf(room, n), plain.length);
    }

    static byte[] frame(int sequence, byte[] body, int plain) {
        return bytes().u1(body.length, body.length >> 8, body.length >> 16, sequence, plain, plain >> 8, plain >> 16)
                .raw(body)
                .done();
    }

    // ---- a conversation

    /** A command of the client: a new burst. */
    Talk client(Bytes payload) {
        sequence = 0;
        return burst("C", packet(sequence++, payload.done()));
    }

    /** Goes on with the client's packets. */
    Talk more(Bytes payload) {
        return burst("C", packet(sequence++, payload.done()));
    }

    Talk server(Bytes payload) {
        return burst("S", packet(sequence++, payload.done()));
    }

    Talk burst(String side, byte[] bytes) {
        script.append(side).append(": ").append(WireScript.escape(bytes)).append("\n+10us\n");
        return this;
    }

    Talk expect(String line) {
        script.append("E: ").append(line).append('\n');
        return this;
    }

    Talk stops(String outcome) {
        script.append("O: ").append(outcome).append('\n');
        return this;
    }

    WireScript script(String name) {
        return WireScript.parse(name, script.toString());
    }

    String text() {
        return script.toString();
    }

    /** Greeting, answer and OK. */
    Talk login(long capabilities, String version) {
        return greeting(capabilities, version).response(capabilities).server(ok(0, 2));
    }

    Talk greeting(long capabilities, String version) {
        return greeting(capabilities, version, 255);
    }

    private Talk greeting(long capabilities, String version, int collation) {
        sequence = 0;
        return server(bytes().u1(10)
                .zero(version)
                .u4(7)
                .fill(8, 'x')
                .u1(0)
                .u2((int) capabilities)
                .u1(collation)
                .u2(2)
                .u2((int) (capabilities >> 16))
                .u1(21)
                .fill(6, 0)
                .u4(capabilities >> 32)
                .fill(12, 'y')
                .u1(0)
                .zero("caching_sha2_password"));
    }

    /** The same with collations. */
    Talk login(long capabilities, String version, int servers, int clients) {
        return greeting(capabilities, version, servers)
                .response(capabilities, clients)
                .server(ok(0, 2));
    }

    Talk response(long capabilities) {
        return response(capabilities, 255);
    }

    private Talk response(long capabilities, int collation) {
        Bytes attributes = bytes().lenenc("_client_name")
                .lenenc("libmysql")
                .lenenc("program_name")
                .lenenc("shop")
                .lenenc("_client_version")
                .lenenc("8.0.36");
        Bytes answer = bytes().u4(capabilities)
                .u4(1 << 24)
                .u1(collation)
                .fill(19, 0)
                .u4(capabilities >> 32)
                .zero("ann")
                .u1(3)
                .fill(3, 's')
                .zero("orders")
                .zero("caching_sha2_password");
        if ((capabilities & Capability.CONNECT_ATTRS) != 0) {
            answer.u1(attributes.done().length).raw(attributes.done());
        }
        return more(answer);
    }

    static Bytes ok(int affected, int status) {
        return bytes().u1(0, affected, 0).u2(status).u2(0);
    }

    static Bytes eof(int status) {
        return bytes().u1(0xfe).u2(0).u2(status);
    }

    /** OK in the place of EOF. */
    static Bytes last(int status) {
        return bytes().u1(0xfe, 0, 0).u2(status).u2(0);
    }

    static Bytes error(int errno, String state, String text) {
        return bytes().u1(0xff).u2(errno).text("#" + state + text);
    }

    static Bytes query(String sql) {
        return bytes().u1(3).text(sql);
    }

    static Bytes column(String name) {
        return bytes().lenenc("def")
                .lenenc("")
                .lenenc("")
                .lenenc("")
                .lenenc(name)
                .lenenc("")
                .u1(0x0c)
                .u2(63)
                .u4(1)
                .u1(8)
                .u2(0)
                .u1(0, 0, 0);
    }
}
