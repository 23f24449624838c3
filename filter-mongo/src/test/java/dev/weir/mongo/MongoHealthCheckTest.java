package dev.weir.mongo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.cluster.HealthCheck;
import dev.weir.core.cluster.HealthCheck.Health;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.testkit.CheckedCluster;
import dev.weir.core.testkit.ProbeTester;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.bson.BsonDocument;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Checks of servers with every role and fault: the answers are the bson library's, or wrong on purpose. */
final class MongoHealthCheckTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final Duration SHORT = Duration.ofMillis(300);
    private static final String PRIMARY = "{isWritablePrimary: true, setName: 'rs0', maxWireVersion: 25, ok: 1.0}";
    private static final String SECONDARY =
            "{isWritablePrimary: false, secondary: true, setName: 'rs0', maxWireVersion: 21, ok: 1.0}";
    private static final String UNKNOWN = "{ok: 0.0, errmsg: 'no such command', code: 59, codeName: 'CommandNotFound'}";

    private final BlockingQueue<BsonDocument> asked = new LinkedBlockingQueue<>();

    static HealthCheck.Probe probe(boolean primary) {
        return new MongoHealthCheck().configure(ConfigNode.of(Map.of("primary", primary), new ConfigErrors()));
    }

    /** What a server says next, and what it does then. */
    private interface Says {
        void say(int requestId, Socket socket) throws IOException;
    }

    private static Says bytes(byte[] bytes) {
        return (id, socket) -> socket.getOutputStream().write(bytes);
    }

    private static byte[] answer(int id, int flags, byte[] sections) {
        return header(Wire.OP_MSG, id, flags, sections);
    }

    private static byte[] header(int opcode, int responseTo, int flags, byte[] rest) {
        int length = 20 + rest.length;
        ByteBuffer message = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        return message.putInt(length)
                .putInt(77)
                .putInt(responseTo)
                .putInt(opcode)
                .putInt(flags)
                .put(rest)
                .array();
    }

    private static byte[] section(String json) {
        byte[] document = WireClient.bytes(BsonDocument.parse(json));
        byte[] section = new byte[1 + document.length];
        System.arraycopy(document, 0, section, 1, document.length);
        return section;
    }

    private static Says document(String json) {
        return (id, socket) -> socket.getOutputStream().write(answer(id, 0, section(json)));
    }

    private Health check(boolean writablePrimary, Duration timeout, Says... says) throws Exception {
        try (ServerSocket fake = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Thread thread = new Thread(() -> serve(fake, says), "fake");
            thread.setDaemon(true);
            thread.start();
            return ProbeTester.check(probe(writablePrimary), fake.getLocalPort(), timeout);
        }
    }

    private void serve(ServerSocket fake, Says... says) {
        try (Socket socket = fake.accept()) {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            for (Says next : says) {
                byte[] rest = new byte[Integer.reverseBytes(in.readInt()) - 4];
                in.readFully(rest);
                ByteBuffer head = ByteBuffer.wrap(rest).order(ByteOrder.LITTLE_ENDIAN);
                assertThat(head.getInt(8)).isEqualTo(Wire.OP_MSG);
                assertThat(Arrays.copyOfRange(rest, 12, 17)).containsOnly(0);
                asked.add(WireClient.document(rest, 17));
                next.say(head.getInt(0), socket);
            }
            while (!socket.isClosed() && in.read() >= 0) {
                // until the client goes
            }
        } catch (IOException e) {
            // the client has gone
        }
    }

    @Test
    void asksHelloOnce() throws Exception {
        Health health = check(true, LONG, document(PRIMARY));

        assertThat(health).isEqualTo(Health.OK);
        assertThat(asked).containsExactly(BsonDocument.parse("{hello: 1, $db: 'admin'}"));
    }

    @Test
    void asksIsMasterWhereHelloIsNotKnown() throws Exception {
        Health health = check(true, LONG, document(UNKNOWN), document("{ismaster: true, maxWireVersion: 8, ok: 1.0}"));

        assertThat(health).isEqualTo(Health.OK);
        assertThat(asked)
                .containsExactly(
                        BsonDocument.parse("{hello: 1, $db: 'admin'}"),
                        BsonDocument.parse("{isMaster: 1, $db: 'admin'}"));
    }

    @Test
    void asksNotAThirdTime() throws Exception {
        Health health = check(false, LONG, document(UNKNOWN), document(UNKNOWN));

        assertThat(health).isEqualTo(new Health(false, "59 CommandNotFound no such command"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{isWritablePrimary: false, secondary: true, setName: 'rs0', ok: 1} | takes no writes: a secondary of rs0",
                "{ismaster: false, arbiterOnly: true, setName: 'rs1', ok: 1} | takes no writes: an arbiter of rs1",
                "{isWritablePrimary: false, isreplicaset: true, ok: 1} | takes no writes: neither primary nor secondary",
                "{ok: 1} | takes no writes: neither primary nor secondary",
                "{isWritablePrimary: true, ok: 1} | ''",
                "{msg: 'isdbgrid', isWritablePrimary: true, ok: 1} | ''"
            })
    void onlyWhatTakesWritesIsAWritablePrimary(String answer, String reason) throws Exception {
        assertThat(check(true, LONG, document(answer))).isEqualTo(new Health(reason.isEmpty(), reason));
        assertThat(check(false, LONG, document(answer))).isEqualTo(Health.OK);
    }

    @Test
    void followsWhoIsPrimary() throws Exception {
        AtomicReference<String> role = new AtomicReference<>(SECONDARY);
        try (ServerSocket member = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Thread thread = new Thread(() -> {
                while (!member.isClosed()) {
                    serve(member, (id, socket) -> document(role.get()).say(id, socket));
                }
            });
            thread.setDaemon(true);
            thread.start();
            try (CheckedCluster cluster =
                    new CheckedCluster(member.getLocalPort(), Map.of("type", "mongodb", "primary", true))) {
                assertThat(cluster.failure("writes")).isEqualTo("takes no writes: a secondary of rs0");

                role.set(PRIMARY);

                assertThat(cluster.passes()).isTrue();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1, true", "1.0, true", "{$numberLong: '1'}, true", "true, true", "0, false", "2, false", "null, false"
    })
    void okMayBeAnyNumber(String ok, boolean healthy) throws Exception {
        assertThat(check(false, LONG, document("{ok: " + ok + "}")).healthy()).isEqualTo(healthy);
    }

    @Test
    void errorsAreShownShortAndInOneLine() throws Exception {
        String message = "a\nb" + "c".repeat(400);
        Health health = check(
                false,
                LONG,
                document(
                        "{ok: 0, code: 13, codeName: 'Unauthorized', errmsg: '" + message.replace("\n", "\\n") + "'}"));

        assertThat(health.reason())
                .startsWith("13 Unauthorized a bccc")
                .endsWith("…")
                .hasSize(300);
    }

    /** Checksum and sections in any order: MongoDB specifications, OP_MSG. */
    @Test
    void readsEveryFormOfAnAnswer() throws Exception {
        byte[] sequence = {1, 9, 0, 0, 0, 'd', 'o', 'c', 's', 0};
        byte[] both = join(sequence, section(PRIMARY));
        Says checked =
                (id, socket) -> socket.getOutputStream().write(answer(id, 1, join(section(PRIMARY), new byte[4])));
        Says ordered = (id, socket) -> socket.getOutputStream().write(answer(id, 0, both));
        Says drop = (id, socket) -> {
            for (byte b : answer(id, 0, section(PRIMARY))) {
                socket.setTcpNoDelay(true);
                socket.getOutputStream().write(b);
            }
        };

        for (Says says : List.of(checked, ordered, drop)) {
            assertThat(check(true, LONG, says)).isEqualTo(Health.OK);
        }
    }

    private static byte[] join(byte[] a, byte[] b) {
        byte[] all = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, all, a.length, b.length);
        return all;
    }

    /** Eight thousand documents in each other, before what is asked for. */
    @Test
    void depthDoesNotMatter() throws Exception {
        byte[] deep = nested(8_000);
        Says says = (id, socket) -> socket.getOutputStream().write(answer(id, 0, deep));

        assertThat(check(false, LONG, says)).isEqualTo(Health.OK);
    }

    private static byte[] nested(int levels) {
        ByteBuffer deep = ByteBuffer.allocate(1 + 4 + 8 * levels + 8 + 1).order(ByteOrder.LITTLE_ENDIAN);
        deep.put((byte) 0).putInt(deep.capacity() - 1);
        for (int i = levels - 1; i >= 0; i--) {
            deep.put((byte) 3).put((byte) 'a').put((byte) 0).putInt(5 + 8 * i);
        }
        deep.position(deep.position() + levels);
        return deep.put((byte) 0x10)
                .put((byte) 'o')
                .put((byte) 'k')
                .put((byte) 0)
                .putInt(1)
                .array();
    }

    static Stream<Arguments> faults() {
        byte[] ok = section("{ok: 1}");
        return Stream.of(
                Arguments.of(
                        "garbage",
                        bytes("HTTP/1.1 400 Bad\r\n\r\n".getBytes(StandardCharsets.US_ASCII)),
                        "a message of 1347703880 bytes: not MongoDB"),
                Arguments.of("huge length", bytes(new byte[] {-1, -1, -1, 0x7f}), "a message of 2147483647 bytes"),
                Arguments.of("negative length", bytes(new byte[] {-1, -1, -1, -1}), "a message of -1 bytes"),
                Arguments.of("no length", bytes(new byte[4]), "a message of 0 bytes"),
                Arguments.of("silence", bytes(new byte[0]), "no answer within 300 ms"),
                Arguments.of("half a length", bytes(new byte[] {40, 0}), "no answer within 300 ms"),
                Arguments.of("half an answer", bytes(Arrays.copyOf(answer(1, 0, ok), 30)), "no answer within 300 ms"),
                Arguments.of("to another", bytes(answer(9, 0, ok)), "opcode 2013 to request 9 (expected: 2013 to 1)"),
                Arguments.of("OP_REPLY", bytes(header(Wire.OP_REPLY, 1, 0, new byte[40])), "opcode 1 to request 1"),
                Arguments.of("compressed", bytes(header(Wire.OP_COMPRESSED, 1, 0, ok)), "opcode 2012 to request 1"),
                Arguments.of(
                        "two answers", bytes(join(answer(1, 0, ok), answer(1, 0, ok))), "more bytes than one answer"),
                Arguments.of(
                        "no document",
                        bytes(answer(1, 0, new byte[] {1, 9, 0, 0, 0, 'd', 'o', 'c', 's', 0})),
                        "holds no document"),
                Arguments.of("section of kind 2", bytes(answer(1, 0, join(new byte[] {2}, ok))), "holds no document"),
                Arguments.of(
                        "section without end",
                        bytes(answer(1, 0, new byte[] {1, 99, 0, 0, 0, 'd', 0, 0, 0, 0})),
                        "holds no document"),
                Arguments.of(
                        "cut document", bytes(answer(1, 0, Arrays.copyOf(ok, ok.length - 1))), "holds no document"),
                Arguments.of(
                        "longer document",
                        bytes(answer(1, 0, new byte[] {0, 20, 0, 0, 0, 8, 'o', 'k', 0, 1, 0})),
                        "holds no document"),
                Arguments.of("string without end", bytes(answer(1, 0, string(99))), "holds no document"),
                Arguments.of("string of no bytes", bytes(answer(1, 0, string(0))), "holds no document"),
                Arguments.of("string of -1 bytes", bytes(answer(1, 0, string(-1))), "holds no document"),
                Arguments.of("endless", endless(new byte[1000]), "a message of 0 bytes"),
                Arguments.of(
                        "endless answers",
                        endless(join(answer(1, 0, ok), answer(1, 0, ok))), // one by one, the first might be read alone
                        "more bytes than one answer"),
                Arguments.of("closed", (Says) (id, socket) -> socket.close(), "closed without an answer"),
                Arguments.of(
                        "closed in an answer",
                        (Says) (id, socket) -> {
                            socket.getOutputStream().write(answer(id, 0, ok), 0, 30);
                            socket.close();
                        },
                        "closed without an answer"),
                Arguments.of(
                        "reset",
                        (Says) (id, socket) -> {
                            socket.setSoLinger(true, 0);
                            socket.close();
                        },
                        "reset"));
    }

    private static byte[] string(int length) {
        return new byte[] {0, 18, 0, 0, 0, 2, 'c', 'o', 'd', 'e', 'N', 'a', 'm', 'e', 0, (byte) length, 0, 0, 0};
    }

    private static Says endless(byte[] bytes) {
        return (id, socket) -> {
            OutputStream out = socket.getOutputStream();
            while (true) {
                out.write(bytes);
            }
        };
    }

    @ParameterizedTest
    @MethodSource("faults")
    void saysWhatIsWrong(String name, Says says, String reason) throws Exception {
        Duration timeout = reason.startsWith("no answer") ? SHORT : LONG;
        Health health = check(false, timeout, says);

        assertThat(health.healthy()).isFalse();
        assertThat(health.reason()).contains(reason).hasSizeLessThanOrEqualTo(300);
    }

    @Test
    void moreThanTheLimitIsTooMuch() throws Exception {
        byte[] section = section("{ok: 0, code: 59, errmsg: '" + "x".repeat(40_000) + "'}");
        Says large = (id, socket) -> socket.getOutputStream().write(answer(id, 0, section));

        assertThat(check(false, LONG, large, large).reason()).isEqualTo("more than 65536 bytes");
    }
}
