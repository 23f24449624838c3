package dev.weir.testbeds;

import dev.weir.core.Proxy;
import io.netty.util.internal.PlatformDependent;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The three processes of {@link IdleConnectionsTest}: a server, a proxy in front of it, and the clients. */
final class IdleMain {
    private IdleMain() {}

    public static void main(String[] args) throws Exception {
        switch (args[0]) {
            case "server" -> server();
            case "proxy" -> proxy(args[1], args.length > 2 ? List.of(Map.of("type", args[2])) : List.of());
            case "load" -> load(Integer.parseInt(args[1]));
            default -> throw new IllegalArgumentException(args[0]);
        }
    }

    /** Answers every read with {@code +PONG}. */
    private static void server() throws IOException {
        Selector selector = Selector.open();
        ServerSocketChannel listening = ServerSocketChannel.open();
        listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 4096);
        listening.configureBlocking(false);
        listening.register(selector, SelectionKey.OP_ACCEPT);
        System.out.println("port " + listening.socket().getLocalPort());
        ByteBuffer buffer = ByteBuffer.allocateDirect(4096);
        while (true) {
            selector.select();
            for (SelectionKey key : selector.selectedKeys()) {
                if (key.isAcceptable()) {
                    SocketChannel one = listening.accept();
                    if (one != null) {
                        one.configureBlocking(false);
                        one.register(selector, SelectionKey.OP_READ);
                    }
                } else {
                    answer((SocketChannel) key.channel(), buffer);
                }
            }
            selector.selectedKeys().clear();
        }
    }

    private static void answer(SocketChannel one, ByteBuffer buffer) throws IOException {
        buffer.clear();
        try {
            if (one.read(buffer) < 0) {
                one.close();
                return;
            }
            one.write(ByteBuffer.wrap("+PONG\r\n".getBytes(StandardCharsets.UTF_8)));
        } catch (IOException e) {
            one.close();
        }
    }

    private static void proxy(String endpoint, List<Map<String, ?>> filters) throws IOException {
        try (Proxy proxy = Proxy.builder().start(Setup.config(1, endpoint, filters))) {
            System.out.println("port " + proxy.address(Setup.LISTENER).port());
            var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                System.gc();
                System.gc();
                Runtime runtime = Runtime.getRuntime();
                System.out.println("memory " + (runtime.totalMemory() - runtime.freeMemory()) + " "
                        + PlatformDependent.usedDirectMemory() + " " + resident() + " "
                        + proxy.listeners().get(0).connectionsActive());
            }
        }
    }

    private static long resident() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"), StandardCharsets.UTF_8)) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) << 10;
            }
        }
        return 0;
    }

    /** On {@code open N}: N connections, each used once. On {@code ping}: all used again. On {@code close}: all closed. */
    private static void load(int port) throws IOException {
        List<Socket> open = new ArrayList<>();
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ", -1);
            switch (words[0]) {
                case "open" -> {
                    for (int i = 0; i < Integer.parseInt(words[1]); i++) {
                        Socket one = new Socket(InetAddress.getLoopbackAddress(), port);
                        one.setSoTimeout(60_000);
                        open.add(one);
                        ping(one);
                    }
                }
                case "ping" -> {
                    for (Socket one : open) {
                        ping(one);
                    }
                }
                case "close" -> {
                    for (Socket one : open) {
                        one.close();
                    }
                    open.clear();
                }
                default -> throw new IllegalArgumentException(line);
            }
            System.out.println("done " + line);
        }
    }

    private static void ping(Socket one) throws IOException {
        one.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.UTF_8));
        if (one.getInputStream().readNBytes(7).length != 7) {
            throw new IOException("no PONG");
        }
    }

    /** A port that nothing listens on now. */
    static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        }
    }
}
