package dev.weir.testbeds;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Many Redis servers in one process, as far as a proxy that shards needs them: each answers {@code GET}, whatever the key, with its number,
 * {@code PING} with {@code +PONG}, and everything else with {@code +OK}. A thread per connection.
 */
final class NumberedShards implements AutoCloseable {
    private static final byte[] OKAY = "+OK\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] PONG = "+PONG\r\n".getBytes(StandardCharsets.US_ASCII);

    private final List<ServerSocketChannel> listening = new ArrayList<>();

    /** Adds a server on {@code address}, whose port may be 0; returns where it listens. Numbers count from 0. */
    SocketAddress add(SocketAddress address) throws IOException {
        ServerSocketChannel server = address instanceof UnixDomainSocketAddress
                ? ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                : ServerSocketChannel.open();
        try {
            server.bind(address, 1_024);
        } catch (IOException e) {
            server.close();
            throw e;
        }
        int number = listening.size();
        listening.add(server);
        daemon(() -> {
            while (true) {
                SocketChannel client = server.accept();
                daemon(() -> serve(client, number));
            }
        });
        return server.getLocalAddress();
    }

    /** Adds a server on a free port of 127.0.0.1 and returns the port. */
    int add() throws IOException {
        return ((InetSocketAddress) add(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))).getPort();
    }

    private static void serve(SocketChannel client, int number) throws IOException {
        try (client) {
            InputStream in = new BufferedInputStream(Channels.newInputStream(client), 64 << 10);
            OutputStream out = new BufferedOutputStream(Channels.newOutputStream(client), 64 << 10);
            String digits = Integer.toString(number);
            byte[] mine = ("$" + digits.length() + "\r\n" + digits + "\r\n").getBytes(StandardCharsets.US_ASCII);
            while (true) {
                int arguments = number(in, '*');
                String command = "";
                for (int i = 0; i < arguments; i++) {
                    byte[] argument = in.readNBytes(number(in, '$'));
                    in.skipNBytes(2);
                    if (i == 0) {
                        command = new String(argument, StandardCharsets.US_ASCII);
                    }
                }
                out.write(
                        switch (command.toUpperCase(Locale.ROOT)) {
                            case "GET" -> mine;
                            case "PING" -> PONG;
                            default -> OKAY;
                        });
                if (in.available() == 0) {
                    out.flush();
                }
            }
        }
    }

    /** What stands between {@code type} and the end of the line. */
    static int number(InputStream in, char type) throws IOException {
        int first = in.read();
        if (first < 0) {
            throw new EOFException("closed");
        }
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c >= 0 && c != '\r'; c = in.read()) {
            line.append((char) c);
        }
        in.skipNBytes(1);
        if (first != type) {
            throw new IOException("answer \"" + (char) first + line + "\" (expected: " + type + "…)");
        }
        return Integer.parseInt(line.toString());
    }

    /** Asks who answers for each of {@code keys} at {@code port}, pipelined. */
    static int[] ask(int port, List<byte[]> keys) throws IOException {
        int[] answers = new int[keys.size()];
        try (SocketChannel channel =
                SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))) {
            channel.socket().setSoTimeout(60_000);
            OutputStream out = new BufferedOutputStream(channel.socket().getOutputStream(), 64 << 10);
            InputStream in = new BufferedInputStream(channel.socket().getInputStream(), 64 << 10);
            int batch = 100;
            for (int from = 0; from < answers.length; from += batch) {
                int to = Math.min(answers.length, from + batch);
                for (byte[] key : keys.subList(from, to)) {
                    out.write(("*2\r\n$3\r\nGET\r\n$" + key.length + "\r\n").getBytes(StandardCharsets.US_ASCII));
                    out.write(key);
                    out.write("\r\n".getBytes(StandardCharsets.US_ASCII));
                }
                out.flush();
                for (int i = from; i < to; i++) {
                    byte[] digits = in.readNBytes(number(in, '$'));
                    in.skipNBytes(2);
                    answers[i] = Integer.parseInt(new String(digits, StandardCharsets.US_ASCII));
                }
            }
        }
        return answers;
    }

    /** Something that ends with an exception when its socket is closed. */
    @FunctionalInterface
    private interface Task {
        void run() throws IOException;
    }

    private static void daemon(Task task) {
        Thread thread = new Thread(() -> {
            try {
                task.run();
            } catch (IOException closed) {
                // The client has gone, or the test is over.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        for (ServerSocketChannel server : listening) {
            server.close();
        }
    }
}
