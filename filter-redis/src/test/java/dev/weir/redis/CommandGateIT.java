package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.compress.Inflaters;
import dev.weir.core.protocol.Command;
import dev.weir.core.protocol.CommandGate;
import dev.weir.core.protocol.CommandPolicy;
import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.core.testkit.FakeConnection;
import dev.weir.core.testkit.FilterTester;
import io.netty.buffer.ByteBufUtil;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The command gate between a client that pipelines and real servers: each answer is at its place. */
final class CommandGateIT {
    private static final RedisProtocol PROTOCOL = new RedisProtocol();
    private static final int COMMANDS = 1_000;
    private static final int REWRITTEN = 500;

    /** Denies every 7th command, delays every 11th, rewrites the answer to one. */
    private static final class EveryFew implements CommandPolicy {
        private int number;
        private int denied;
        private int delayed;

        @Override
        public Decision decide(Command command, long nanos) {
            number++;
            if (number % 7 == 0) {
                denied++;
                return new Decision.Deny("NOPERM", "number " + number);
            }
            if (number % 11 == 0) {
                delayed++;
                return new Decision.Delay(Duration.ofMillis(3));
            }
            return number == REWRITTEN
                    ? new Decision.Rewrite(answer -> ByteBufUtil.writeAscii(answer.alloc(), "$3\r\nnew\r\n"))
                    : Decision.ALLOW;
        }
    }

    static Stream<String> servers() {
        return TestServer.available().stream();
    }

    @ParameterizedTest
    @MethodSource("servers")
    void keepsAThousandAnswersInTheirPlaces(String name) throws Exception {
        StringBuilder requests = new StringBuilder();
        StringBuilder expected = new StringBuilder();
        for (int i = 1; i <= COMMANDS; i++) {
            add(requests, expected, i);
        }
        EveryFew policy = new EveryFew();
        try (TestServer server = TestServer.start(name);
                TestServer.Client direct = server.connect();
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
                FilterTester tester = FilterTester.of(
                        new CommandGate(PROTOCOL.framer(new FakeConnection(), new Inflaters()), policy, false))) {
            direct.call("RPUSH", "l", "a", "b", "c");
            direct.call("SET", "s", "text");
            direct.call("CONFIG", "RESETSTAT");
            inPieces(tester, requests.toString());

            assertThat(answers(tester, socket, expected.length())).isEqualTo(expected.toString());

            assertThat(policy.number).isEqualTo(COMMANDS);
            assertThat(policy.denied).isEqualTo(COMMANDS / 7);
            assertThat(policy.delayed).isEqualTo(COMMANDS / 11 - COMMANDS / 77);
            long arrived = calls(direct, "echo") + calls(direct, "lrange") + calls(direct, "incr");
            assertThat(arrived).isEqualTo(COMMANDS - COMMANDS / 7);
        }
    }

    private static void add(StringBuilder requests, StringBuilder expected, int i) {
        String command =
                i == REWRITTEN ? "ECHO x" : i % 5 == 0 ? "LRANGE l 0 -1" : i % 13 == 0 ? "INCR s" : "ECHO " + i;
        String[] parts = command.split(" ", -1);
        requests.append('*').append(parts.length).append("\r\n");
        for (String part : parts) {
            requests.append(bulk(part));
        }
        if (i % 7 == 0) {
            expected.append("-NOPERM number ").append(i).append("\r\n");
        } else if (i == REWRITTEN) {
            expected.append(bulk("new"));
        } else if (i % 5 == 0) {
            expected.append("*3\r\n").append(bulk("a")).append(bulk("b")).append(bulk("c"));
        } else if (i % 13 == 0) {
            expected.append("-ERR value is not an integer or out of range\r\n");
        } else {
            expected.append(bulk(String.valueOf(i)));
        }
    }

    private static String bulk(String text) {
        return "$" + text.length() + "\r\n" + text + "\r\n";
    }

    private static void inPieces(FilterTester tester, String requests) {
        Random random = new Random(1);
        int at = 0;
        while (at < requests.length()) {
            int end = Math.min(requests.length(), at + 1 + random.nextInt(2_000));
            tester.client(requests.substring(at, end));
            at = end;
        }
    }

    /** Carries bytes between the gate and the server, and lets the gate's time pass, until enough were answered. */
    private static String answers(FilterTester tester, Socket socket, int length) throws Exception {
        StringBuilder answers = new StringBuilder();
        byte[] buffer = new byte[1_000];
        InputStream in = socket.getInputStream();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (answers.length() < length && System.nanoTime() < end) {
            socket.getOutputStream().write(tester.toUpstream().getBytes(StandardCharsets.ISO_8859_1));
            if (in.available() > 0) {
                int n = in.read(buffer);
                tester.upstream(new String(buffer, 0, n, StandardCharsets.ISO_8859_1));
            } else {
                tester.advance(Duration.ofMillis(1));
            }
            answers.append(tester.toClient());
        }
        return answers.toString();
    }

    private static long calls(TestServer.Client direct, String command) throws IOException {
        String info = String.valueOf(direct.call("INFO", "commandstats"));
        String begin = "cmdstat_" + command + ":calls=";
        int at = info.indexOf(begin) + begin.length();
        return Long.parseLong(info.substring(at, info.indexOf(',', at)));
    }
}
