package dev.weir.testbeds;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.testbeds.Peer.End;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Whatever comes to a listener with sniffing, from either side: it goes on as it is, and others are served. */
class MalformedInputTest {
    private static final String DEEP = "*1\r\n".repeat(50_000);

    /** What no Redis client or server says, or only a strange one. */
    private static final List<String> KINDS = List.of(
            "\r\n",
            "\n\n\n",
            "\0",
            "*",
            "*\r\n",
            "*-1\r\n",
            "*0\r\n",
            "*-2\r\n",
            "*1\r\n",
            "*1\r\n$\r\n",
            "*1\r\n$-1\r\n",
            "*1\r\n$-2\r\n",
            "*1\r\n$4\r\nPING",
            "*1\r\n$4\r\nPINGxx",
            "*1\r\n$4PING\r\n",
            "*1\r\n:4\r\n",
            "*2\r\n$3\r\nGET\r\n$99999999999999999999\r\n",
            "*2\r\n$3\r\nGET\r\n$9223372036854775807\r\n",
            "*2\r\n$3\r\nGET\r\n$2147483648\r\nx",
            "*2\r\n$3\r\nGET\r\n$+1\r\nx\r\n",
            "*2\r\n$3\r\nGET\r\n$01\r\nx\r\n",
            "*2\r\n$ 3\r\nGET\r\n",
            "*9223372036854775807\r\n$1\r\nx\r\n",
            "*2147483647\r\n$1\r\nx\r\n",
            "*1048577\r\n",
            "*1e3\r\n",
            "*1\r$4\r\nPING\r\n",
            "*1\n$4\nPING\n",
            "$5\r\nhello\r\n",
            "+OK\r\n-ERR\r\n:1\r\n",
            "%1\r\n+a\r\n+b\r\n",
            "~-5\r\n",
            ">0\r\n",
            "|1\r\n+ttl\r\n",
            "*?\r\n+a\r\n.\r\n",
            "$?\r\n;4\r\nabc",
            "=3\r\nabc\r\n",
            "(99999999999999999999999999x\r\n",
            ",nan\r\n#x\r\n_x\r\n",
            "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003",
            "SSH-2.0-OpenSSH_9.2\r\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
            "set \"unbalanced\r\n",
            "set 'a'b\r\n",
            "a ".repeat(40_000),
            "x".repeat(200_000) + "\r\n",
            "$" + "1".repeat(100_000),
            "+" + "y".repeat(200_000),
            DEEP,
            "%1\r\n".repeat(20_000),
            "*3\r\n".repeat(20_000) + ":1\r\n".repeat(100));

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** A proxy with sniffing, and the socket it connects to. */
    private static final class Bed implements AutoCloseable {
        final ServerSocket listening = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
        final Proxy proxy = Proxy.builder()
                .start(Setup.config(1, "127.0.0.1:" + listening.getLocalPort(), List.of(Setup.redisStats())));

        Bed() throws IOException {}

        /** Sends both ways at once, and expects both to come out as they went in. */
        void assertPasses(byte[] requests, byte[] answers, Random random) throws Exception {
            Socket socket = Setup.connect(proxy);
            try (Peer client = new Peer(socket, new Random(1));
                    Peer server = new Peer(listening.accept(), new Random(2))) {
                client.send(requests, random);
                server.send(answers, random);
                client.finish();
                server.finish();

                assertThat(client.awaitEnd()).isEqualTo(End.FIN);
                assertThat(server.awaitEnd()).isEqualTo(End.FIN);
                assertThat(Arrays.mismatch(server.received(), requests)).isEqualTo(-1);
                assertThat(Arrays.mismatch(client.received(), answers)).isEqualTo(-1);
            }
        }

        @Override
        public void close() throws IOException {
            proxy.close();
            listening.close();
        }
    }

    @Test
    void passesOnEveryKindFromTheClient() throws Exception {
        try (Bed bed = new Bed()) {
            for (String kind : KINDS) {
                bed.assertPasses(bytes(kind), bytes("-ERR Protocol error\r\n"), new Random(3));
            }
        }
    }

    @Test
    void passesOnEveryKindFromTheServer() throws Exception {
        try (Bed bed = new Bed()) {
            for (String kind : KINDS) {
                bed.assertPasses(bytes("GET a\r\nGET b\r\nHELLO 3\r\nMULTI\r\n"), bytes(kind), new Random(4));
            }
        }
    }

    /** In the middle of commands that make sense, where the state of the sniffer is richest. */
    @Test
    void passesOnEveryKindBehindGoodCommands() throws Exception {
        Random random = new Random(5);
        try (Bed bed = new Bed()) {
            for (String kind : KINDS) {
                bed.assertPasses(
                        join(RespTraffic.requests(random, 500), bytes(kind), RespTraffic.requests(random, 300)),
                        join(RespTraffic.answers(random, 500), bytes(kind), RespTraffic.answers(random, 300)),
                        random);
            }
        }
    }

    /** Good streams with single bytes changed, lost or doubled. */
    @Test
    void passesOnDamagedStreams() throws Exception {
        Random random = new Random(6);
        try (Bed bed = new Bed()) {
            for (int round = 0; round < 300; round++) {
                bed.assertPasses(
                        damaged(RespTraffic.requests(random, 2_000), random),
                        damaged(RespTraffic.answers(random, 2_000), random),
                        random);
            }
        }
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    private static byte[] damaged(byte[] stream, Random random) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte one : stream) {
            switch (random.nextInt(600)) {
                case 0 -> out.write(random.nextInt());
                case 1 -> {}
                case 2 -> {
                    out.write(one);
                    out.write(one);
                }
                default -> out.write(one);
            }
        }
        return out.toByteArray();
    }
}
