package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Exchange.Status;
import dev.weir.core.testkit.FakeEnvironment;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random pipelines of everything that makes pairing hard, in random pieces, while another client publishes and writes
 * watched keys. Each ECHO has a length of its own, so that its exchange proves by its sizes whether it was given its
 * own answer.
 */
final class RandomTrafficIT {
    private static final RedisProtocol PROTOCOL = new RedisProtocol();
    private static final int CONNECTIONS = Integer.getInteger("weir.random.connections", 25);
    private static final long SEED = Long.getLong("weir.random.seed", 1);
    private static final int ECHO_OVERHEAD = 14; // *2 CR LF $4 CR LF ECHO CR LF

    static Stream<String> servers() {
        return TestServer.available().stream();
    }

    @ParameterizedTest
    @MethodSource("servers")
    void pairsEveryAnswerWithItsCommand(String name) throws Exception {
        try (TestServer server = TestServer.start(name)) {
            for (int i = 0; i < CONNECTIONS; i++) {
                oneConnection(server, name + " seed " + (SEED + i), SEED + i);
            }
        }
    }

    private static void oneConnection(TestServer server, String title, long seed) throws Exception {
        Traffic traffic = new Traffic(new Random(seed), title.startsWith("embedded"));
        try (TestRelay relay = new TestRelay(server.port(), new FakeEnvironment().sniffers(PROTOCOL, Map.of()));
                TestServer.Client other = server.connect();
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), relay.port())) {
            other.call("CONFIG", "RESETSTAT");
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(60_000);
            Thread reader = new Thread(() -> readToTheEnd(socket));
            reader.start();
            StringBuilder sent = new StringBuilder();
            OutputStream out = socket.getOutputStream();
            for (int burst = 0; burst < 8; burst++) {
                String text = traffic.burst();
                sent.append(text);
                send(out, text, traffic.random);
                if (traffic.random.nextBoolean()) {
                    Thread.sleep(traffic.random.nextInt(4));
                }
                meddle(other, traffic.random);
            }
            send(out, "\r\nRESET\r\nECHO the-end\r\n", traffic.random);
            reader.join(60_000);
            relay.end();

            List<Exchange> exchanges = relay.exchanges();
            String all = title + "\n" + readable(sent.toString()) + "\n" + readable(exchanges);
            assertThat(relay.outcomes()).as(all).isEmpty();
            for (Exchange exchange : exchanges) {
                if (exchange.operation().name().equals("ECHO") && exchange.status == Status.OK) {
                    boolean inline = exchange.requestBytes == "ECHO the-end\r\n".length();
                    assertThat(exchange.responseBytes)
                            .as(all)
                            .isEqualTo(inline ? 13 : exchange.requestBytes - ECHO_OVERHEAD);
                }
            }
            assertThat(exchanges.stream()
                            .filter(exchange -> exchange.status == Status.OK)
                            .count())
                    .as(all)
                    .isPositive();
            compareCounts(other, exchanges, all);
        }
    }

    private static String readable(String requests) {
        return requests.replaceAll("\\$\\d+\r\n", "")
                .replaceAll("([et])\\1{3,}", "$1")
                .replaceAll("\r\n\\*\\d+\r\n|\r\n\r\n", "; ")
                .replace("\r\n", " ");
    }

    private static String readable(List<Exchange> exchanges) {
        StringBuilder text = new StringBuilder();
        for (Exchange e : exchanges) {
            text.append(e.operation().name())
                    .append(' ')
                    .append(e.status)
                    .append(' ')
                    .append(e.error)
                    .append(' ');
            text.append(e.requestBytes).append('>').append(e.responseBytes).append("; ");
        }
        return text.toString();
    }

    private static void compareCounts(TestServer.Client other, List<Exchange> exchanges, String title)
            throws IOException {
        String info = String.valueOf(other.call("INFO", "commandstats"));
        for (String name : List.of("echo", "get", "incr", "lrange", "exec", "multi", "eval", "hello")) {
            long counted = exchanges.stream()
                    .filter(e -> e.operation().name().equalsIgnoreCase(name) && e.status != Status.ABORTED)
                    .count();
            assertThat(counted).as(name + " in " + title).isEqualTo(calls(info, name));
        }
    }

    private static long calls(String info, String name) {
        for (String line : info.split("\r\n", -1)) {
            if (line.startsWith("cmdstat_" + name + ":")) {
                long calls = 0;
                for (String part : line.substring(line.indexOf(':') + 1).split(",", -1)) {
                    if (part.startsWith("calls=") || part.startsWith("rejected_calls=")) {
                        calls += Long.parseLong(part.substring(part.indexOf('=') + 1));
                    }
                }
                return calls;
            }
        }
        return 0;
    }

    private static void meddle(TestServer.Client other, Random random) throws IOException {
        for (int i = random.nextInt(4); i > 0; i--) {
            switch (random.nextInt(4)) {
                case 0 -> other.call("PUBLISH", "c" + random.nextInt(3), "hello");
                case 1 -> other.call("SET", "w", String.valueOf(random.nextInt()));
                case 2 -> other.call("RPUSH", "q", "x");
                default -> other.call("SET", "k", "v");
            }
        }
    }

    private static void send(OutputStream out, String text, Random random) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        int at = 0;
        while (at < bytes.length) {
            int end = Math.min(bytes.length, at + 1 + random.nextInt(1 + random.nextInt(2_000)));
            out.write(bytes, at, end - at);
            out.flush();
            at = end;
        }
    }

    private static void readToTheEnd(Socket socket) {
        byte[] end = "the-end\r\n".getBytes(StandardCharsets.ISO_8859_1);
        try {
            InputStream in = socket.getInputStream();
            int matched = 0;
            for (int b = in.read(); b >= 0 && matched < end.length; ) {
                matched = b == end[matched] ? matched + 1 : b == end[0] ? 1 : 0;
                if (matched < end.length) {
                    b = in.read();
                }
            }
        } catch (IOException e) {
            // the assertions tell
        }
    }

    /** Makes requests up. */
    private static final class Traffic {
        private static final String[] PLAIN = {
            "GET k",
            "GET none",
            "SET k v",
            "SET s text",
            "INCR s",
            "LRANGE l 0 -1",
            "RPUSH l message a b subscribe",
            "LPUSH s x",
            "MGET k none s",
            "HSET h f v g w",
            "HGETALL h",
            "HGETALL none",
            "SMEMBERS none",
            "NOSUCH x",
            "GET",
            "CONFIG NOSUCH",
            "PING",
            "PING hi",
            "SELECT 1",
            "SELECT 0",
            "SELECT 999",
            "EVAL return{1,{2,'x',{}},false,{err='BAD_x'}} 0",
            "EVAL return{'message','c0','x'} 0",
            "EVAL return{'subscribe','c0',1} 0",
            "EVAL return{err='MYERR~boom'} 0",
            "BLPOP none 0.002",
            "XREAD BLOCK 2 STREAMS x $",
            "BLPOP q 0.002",
            "WATCH w",
            "UNWATCH",
            "DISCARD",
            "EXEC",
            "DEBUG PROTOCOL attrib",
            "DEBUG PROTOCOL push",
            "DEBUG PROTOCOL map",
            "DEBUG PROTOCOL bignum",
            "DEBUG PROTOCOL verbatim",
            "DEBUG PROTOCOL double",
            "DEBUG PROTOCOL null",
            "DEBUG PROTOCOL set",
            "COMMAND COUNT",
            "CLIENT TRACKING ON BCAST",
            "CLIENT TRACKING OFF",
            "PUBLISH c0 self",
            "HELLO",
            "HELLO 2",
            "HELLO 3",
            "HELLO 3",
            "HELLO 4",
            "HELLO 3 NOSUCH",
            "RESET",
            "CLIENT SETNAME n",
            "WAIT 0 1",
        };
        private static final String[] PUBSUB = {
            "SUBSCRIBE c0",
            "SUBSCRIBE c0 c1 c0",
            "SUBSCRIBE",
            "PSUBSCRIBE c* d*",
            "UNSUBSCRIBE",
            "UNSUBSCRIBE c0 zzz",
            "PUNSUBSCRIBE",
            "PUNSUBSCRIBE c*",
            "SSUBSCRIBE c0 c2",
            "SUNSUBSCRIBE",
            "SUNSUBSCRIBE c2",
            "PING",
            "PING hi",
        };
        private static final String[] SILENT = {"GET k", "INCR s", "NOSUCH x", "SELECT 1", "SET k v", "BLPOP none 0.002"
        };
        private static final String[] QUEUED = {
            "GET k",
            "INCR s",
            "SELECT 1",
            "NOSUCH x",
            "LRANGE l 0 -1",
            "MULTI",
            "WATCH w",
            "HELLO 3",
            "HELLO 2",
            "EVAL return{1,{2,'x',{}},false,{err='BAD_x'}} 0",
            "BLPOP none 0",
            "GET",
            "PUBLISH c0 self",
            "PING",
            "MGET none none",
            "SCAN 0 COUNT 3"
        };

        private final Random random;
        private final boolean old;
        private boolean skipped;
        private boolean subscribed;

        Traffic(Random random, boolean old) {
            this.random = random;
            this.old = old;
        }

        String burst() {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(30); i > 0; i--) {
                int kind = random.nextInt(20);
                if (kind < 8) {
                    add(text, "ECHO " + "e".repeat(1 + random.nextInt(300)));
                } else if (kind < 15) {
                    add(text, one(PLAIN));
                } else if (kind < 17) {
                    subscribed = true;
                    add(text, one(PUBSUB));
                } else if (kind == 17) {
                    silence(text);
                } else {
                    transaction(text);
                }
            }
            return text.toString();
        }

        private String one(String[] of) {
            return of[random.nextInt(of.length)];
        }

        /** Not while subscribed: a RESP2 subscriber is refused CLIENT REPLY, and nobody can tell. */
        private void silence(StringBuilder text) {
            if (subscribed) {
                add(text, "RESET");
                subscribed = false;
            }
            if (random.nextBoolean()) {
                add(text, "CLIENT REPLY SKIP");
                add(text, random.nextInt(4) == 0 ? "CLIENT REPLY ON" : one(SILENT));
                return;
            }
            add(text, "CLIENT REPLY OFF");
            for (int i = random.nextInt(6); i > 0; i--) {
                switch (random.nextInt(4)) {
                    case 0 -> soundTransaction(text);
                    case 1 -> add(text, "ECHO " + "e".repeat(1 + random.nextInt(300)));
                    case 2 -> add(text, "CLIENT REPLY SKIP");
                    default -> add(text, one(SILENT));
                }
            }
            add(text, random.nextInt(4) == 0 ? "RESET" : "CLIENT REPLY ON");
        }

        /** Of one without answers it can only be assumed that nothing was refused. */
        private void soundTransaction(StringBuilder text) {
            add(text, "UNWATCH");
            add(text, "MULTI");
            add(text, "ECHO " + "t".repeat(1 + random.nextInt(300)));
            add(text, "GET k");
            add(text, "EXEC");
        }

        private void transaction(StringBuilder text) {
            if (random.nextBoolean()) {
                add(text, "WATCH w");
            }
            add(text, "MULTI");
            for (int i = random.nextInt(5); i > 0; i--) {
                add(text, random.nextBoolean() ? "ECHO " + "t".repeat(1 + random.nextInt(300)) : one(QUEUED));
            }
            add(text, random.nextInt(5) == 0 ? "DISCARD" : random.nextInt(9) == 0 ? "RESET" : "EXEC");
        }

        private void add(StringBuilder text, String command) {
            if (!skipped && random.nextInt(10) == 0) {
                text.append(random.nextBoolean() ? "*0\r\n" : "\r\n");
            }
            skipped = command.equals("CLIENT REPLY SKIP");
            // 6.2 dies of DEBUG PROTOCOL attrib in RESP2.
            String[] parts = (old && command.startsWith("DEBUG") ? "PING" : command).split(" ", -1);
            text.append('*').append(parts.length).append("\r\n");
            for (String part : parts) {
                String argument = part.replace('~', ' ');
                text.append('$')
                        .append(argument.length())
                        .append("\r\n")
                        .append(argument)
                        .append("\r\n");
            }
        }
    }
}
