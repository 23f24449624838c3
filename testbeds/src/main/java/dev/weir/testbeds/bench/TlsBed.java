package dev.weir.testbeds.bench;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.internal.logging.InternalLoggerFactory;
import io.netty.util.internal.logging.JdkLoggerFactory;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Servers and load of {@code testbeds/bench tls}, in one process and on one event loop that stay warm. Arguments: for each
 * server with TLS {@code VERSION:CERTIFICATE:KEY}. Prints {@code listening PORT…}, that of the server without TLS first,
 * then a line of JSON, figures or an error, for each line it reads:
 *
 * <pre>
 * handshakes PORT CLIENT LANES SECONDS     connections with one request of 64 bytes each
 * count PORT CLIENT LANES CONNECTIONS      the same for a number of them
 * echo PORT CLIENT LANES SECONDS BYTES     requests on connections that stay
 * hold PORT CLIENT LANES CONNECTIONS       opens connections, each with one request
 * release                                  closes these
 * </pre>
 *
 * CLIENT is {@code plain}, {@code full:VERSION} or {@code resumed:VERSION}. Ends with its input.
 */
public final class TlsBed {
    private static final int SMALL = 64;

    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final EventLoop loop = loops.next();
    private final List<TlsEcho> servers = new ArrayList<>();
    private @Nullable TlsLoad holder;

    private TlsBed() {}

    /** Runs until the end of the standard input. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        // To the standard error, whatever the class path holds: the standard output is the dialogue's.
        InternalLoggerFactory.setDefaultFactory(JdkLoggerFactory.INSTANCE);
        TlsBed bed = new TlsBed();
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            System.out.println("listening " + bed.listen(arguments));
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                System.out.println(bed.answerOrError(line));
            }
        } finally {
            bed.loops.shutdownGracefully();
        }
    }

    private String listen(String[] arguments) throws IOException {
        servers.add(TlsEcho.start(loops, null));
        for (String argument : arguments) {
            String[] parts = argument.split(":", -1);
            servers.add(TlsEcho.start(loops, TlsContexts.server(new File(parts[1]), new File(parts[2]), parts[0])));
        }
        StringBuilder ports = new StringBuilder();
        for (TlsEcho server : servers) {
            ports.append(ports.isEmpty() ? "" : " ").append(server.port());
        }
        return ports.toString();
    }

    /** What went wrong with one load is the answer; the next one may go well. */
    private String answerOrError(String line) throws InterruptedException {
        try {
            return answer(line.split(" ", -1));
        } catch (IOException e) {
            return "{\"error\": \"" + String.valueOf(e.getMessage()).replaceAll("[\\p{Cntrl}\"\\\\]", " ") + "\"}";
        }
    }

    private String answer(String[] words) throws IOException, InterruptedException {
        if (words[0].equals("release")) {
            boolean all = holder != null && holder.release();
            holder = null;
            return "{\"alive\": " + all + "}";
        }
        long handshakes = servers.stream().mapToLong(TlsEcho::handshakes).sum();
        long resumed = servers.stream().mapToLong(TlsEcho::resumed).sum();
        TlsLoad.Result result = run(words);
        List<String> ciphers = servers.stream()
                .map(TlsEcho::cipher)
                .filter(cipher -> !cipher.isEmpty())
                .distinct()
                .toList();
        return String.format(
                Locale.ROOT,
                "{\"requests\": %d, \"connections\": %d, \"resumed\": %d, \"cipher\": \"%s\", \"seconds\": %.6f, "
                        + "\"p50_us\": %.1f, \"p99_us\": %.1f, "
                        + "\"server_handshakes\": %d, \"server_resumed\": %d, \"server_ciphers\": \"%s\"}",
                result.requests(),
                result.connections(),
                result.resumed(),
                result.cipher(),
                result.seconds(),
                result.p50Us(),
                result.p99Us(),
                servers.stream().mapToLong(TlsEcho::handshakes).sum() - handshakes,
                servers.stream().mapToLong(TlsEcho::resumed).sum() - resumed,
                String.join(", ", ciphers));
    }

    private TlsLoad.Result run(String[] words) throws IOException, InterruptedException {
        int port = Integer.parseInt(words[1]);
        SslContext client = client(words[2]);
        int lanes = Integer.parseInt(words[3]);
        TlsLoad load = new TlsLoad(loop, port, client, words.length > 5 ? Integer.parseInt(words[5]) : SMALL);
        try {
            return switch (words[0]) {
                case "handshakes" -> load.comeAndGo(lanes, Double.parseDouble(words[4]));
                case "count" -> load.comeAndGo(lanes, Long.parseLong(words[4]));
                case "echo" -> load.talk(lanes, Double.parseDouble(words[4]));
                case "hold" -> {
                    holder = load;
                    yield load.hold(lanes, Long.parseLong(words[4]));
                }
                default -> throw new IllegalArgumentException(String.join(" ", words));
            };
        } finally {
            // Connections that are open still have their own share in it.
            ReferenceCountUtil.release(client);
        }
    }

    private static @Nullable SslContext client(String kind) throws IOException {
        if (kind.equals("plain")) {
            return null;
        }
        String[] parts = kind.split(":", -1);
        return TlsContexts.client(parts[1], parts[0].equals("resumed"));
    }
}
