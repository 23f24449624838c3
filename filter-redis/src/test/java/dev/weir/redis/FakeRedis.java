package dev.weir.redis;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A Sentinel, or a server, that says what a test wants. */
final class FakeRedis implements AutoCloseable {
    private final ServerSocket server;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final Set<Socket> subscribed = ConcurrentHashMap.newKeySet();

    /** What it was sent. */
    final Queue<List<String>> heard = new ConcurrentLinkedQueue<>();

    /** What a Sentinel sees under names of their own; what follows is what it sees under all others. */
    private final Map<String, View> views = new ConcurrentHashMap<>();

    private record View(@Nullable FakeRedis master, long epoch, List<String> replicas) {}

    volatile @Nullable FakeRedis master;
    volatile long epoch;
    volatile List<String> replicas = List.of();
    volatile List<FakeRedis> sentinels = List.of();
    volatile String role = "master";
    /** In place of every other answer. */
    volatile @Nullable String raw;

    FakeRedis() throws IOException {
        server = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
        daemon(() -> {
            while (true) {
                Socket socket = server.accept();
                open.add(socket);
                daemon(() -> serve(socket));
            }
        });
    }

    /** A Sentinel with a view. */
    FakeRedis sees(FakeRedis newMaster, long newEpoch) {
        epoch = newEpoch;
        master = newMaster;
        return this;
    }

    /** The same under one name; without a master it does not know that. */
    void sees(String name, @Nullable FakeRedis newMaster, long newEpoch, String... newReplicas) {
        views.put(name, new View(newMaster, newEpoch, List.of(newReplicas)));
    }

    int port() {
        return server.getLocalPort();
    }

    String address() {
        return "127.0.0.1:" + port();
    }

    private void serve(Socket socket) throws IOException {
        try (socket) {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            while (true) {
                List<String> command = command(in);
                heard.add(command);
                socket.getOutputStream().write(answer(socket, command).getBytes(StandardCharsets.ISO_8859_1));
            }
        } finally {
            open.remove(socket);
            subscribed.remove(socket);
        }
    }

    private static List<String> command(InputStream in) throws IOException {
        List<String> command = new ArrayList<>();
        for (int left = Integer.parseInt(line(in).substring(1)); left > 0; left--) {
            int length = Integer.parseInt(line(in).substring(1));
            command.add(new String(in.readNBytes(length), StandardCharsets.UTF_8));
            line(in);
        }
        return command;
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new IOException("closed");
            }
            line.append((char) c);
        }
        return line.toString().trim();
    }

    private String answer(Socket socket, List<String> command) {
        String said = raw;
        if (said != null) {
            return said;
        }
        View view = views.getOrDefault(command.size() > 2 ? command.get(2) : "", new View(master, epoch, replicas));
        FakeRedis now = view.master;
        return switch (String.join(" ", command.subList(0, Math.min(2, command.size())))
                .toUpperCase(Locale.ROOT)) {
            case "SENTINEL GET-MASTER-ADDR-BY-NAME" ->
                now == null ? "*-1\r\n" : list(List.of("127.0.0.1", "" + now.port()));
            case "SENTINEL MASTER" -> list(List.of("name", "m1", "config-epoch", "" + view.epoch));
            case "SENTINEL REPLICAS" ->
                "*" + view.replicas.size() + "\r\n"
                        + view.replicas.stream()
                                .map(r -> list(List.of(r.split(" ", -1))))
                                .collect(Collectors.joining());
            case "SENTINEL SENTINELS" ->
                "*" + sentinels.size() + "\r\n"
                        + sentinels.stream()
                                .map(s -> list(List.of("ip", "127.0.0.1", "port", "" + s.port())))
                                .collect(Collectors.joining());
            case "ROLE" -> list(List.of(role, "0"));
            case "PING" -> list(List.of("pong", ""));
            default -> command.get(0).equals("SUBSCRIBE") ? subscribe(socket, command) : "+OK\r\n";
        };
    }

    private String subscribe(Socket socket, List<String> command) {
        subscribed.add(socket);
        StringBuilder all = new StringBuilder();
        for (int i = 1; i < command.size(); i++) {
            all.append("*3\r\n$9\r\nsubscribe\r\n$")
                    .append(command.get(i).length())
                    .append("\r\n");
            all.append(command.get(i)).append("\r\n:").append(i).append("\r\n");
        }
        return all.toString();
    }

    static String list(List<String> texts) {
        return "*" + texts.size() + "\r\n"
                + texts.stream()
                        .map(t -> "$" + t.length() + "\r\n" + t + "\r\n")
                        .collect(Collectors.joining());
    }

    void publish(String channel, String text) throws IOException {
        for (Socket socket : subscribed) {
            socket.getOutputStream()
                    .write(list(List.of("message", channel, text)).getBytes(StandardCharsets.UTF_8));
        }
    }

    int subscribers() {
        return subscribed.size();
    }

    /** Ends its connections; it goes on to listen. */
    void hangUp() throws IOException {
        for (Socket socket : open) {
            socket.close();
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        hangUp();
    }

    private interface Task {
        void run() throws IOException;
    }

    private static void daemon(Task task) {
        Thread thread = new Thread(() -> {
            try {
                task.run();
            } catch (IOException closed) {
                // The test is over, or its peer has gone.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }
}
