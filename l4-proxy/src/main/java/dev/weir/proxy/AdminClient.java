package dev.weir.proxy;

import dev.weir.core.config.Address;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Asks the admin server of a running proxy: one connection per request. */
final class AdminClient {
    private static final int MAX_ANSWER = 64 << 20;
    private static final long SECONDS = 30;

    private final Address address;

    AdminClient(Address address) {
        this.address = address;
    }

    /**
     * An answer.
     *
     * @param status code of HTTP
     * @param body text of the answer
     */
    record Answer(int status, String body) {}

    /**
     * Sends a request and waits for the answer.
     *
     * @throws IOException with a message for people
     */
    Answer send(String method, String path) throws IOException {
        SocketAddress target = address.isUnix()
                ? UnixDomainSocketAddress.of(address.host())
                : new InetSocketAddress(address.host(), address.port());
        try (SocketChannel channel =
                address.isUnix() ? SocketChannel.open(StandardProtocolFamily.UNIX) : SocketChannel.open()) {
            // A channel has no time-out of its own; closing it ends what blocks.
            CompletableFuture<Void> deadline = new CompletableFuture<Void>().orTimeout(SECONDS, TimeUnit.SECONDS);
            deadline.whenComplete((done, late) -> {
                if (late != null) {
                    closeQuietly(channel);
                }
            });
            try {
                channel.connect(target);
                return exchange(channel, method, path);
            } finally {
                deadline.complete(null);
            }
        } catch (IOException | java.nio.channels.UnresolvedAddressException e) {
            String reason = e.getMessage() == null ? "no answer" : e.getMessage();
            throw new IOException("no admin server answers at " + address + ": " + reason, e);
        }
    }

    private static void closeQuietly(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            // It is given up anyway.
        }
    }

    private Answer exchange(SocketChannel channel, String method, String path) throws IOException {
        String host = address.isUnix() ? "localhost" : address.toString();
        String head = method + " " + path + " HTTP/1.1\r\nHost: " + host
                + "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        ByteBuffer out = ByteBuffer.wrap(head.getBytes(StandardCharsets.ISO_8859_1));
        while (out.hasRemaining()) {
            channel.write(out);
        }
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        ByteBuffer in = ByteBuffer.allocate(16 << 10);
        while (channel.read(in) >= 0) {
            answer.write(in.array(), 0, in.position());
            in.clear();
            if (answer.size() > MAX_ANSWER) {
                throw new IOException("the answer is too large");
            }
        }
        return parse(answer.toString(StandardCharsets.UTF_8));
    }

    private static Answer parse(String answer) throws IOException {
        int body = answer.indexOf("\r\n\r\n");
        String[] words = answer.split(" ", 3);
        if (body < 0 || words.length < 3 || !words[0].startsWith("HTTP/1.")) {
            throw new IOException("that is not HTTP");
        }
        try {
            return new Answer(Integer.parseInt(words[1]), answer.substring(body + 4));
        } catch (NumberFormatException e) {
            throw new IOException("that is not HTTP", e);
        }
    }
}
