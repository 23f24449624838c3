package dev.weir.examples.memcached;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A server that knows get, set, delete, version and quit. */
public final class FakeMemcached implements AutoCloseable {
    private final ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final Map<String, byte[]> items = new ConcurrentHashMap<>();

    public FakeMemcached() throws IOException {
        daemon(() -> {
            while (true) {
                Socket client = socket.accept();
                daemon(() -> {
                    try (client) {
                        serve(new DataInputStream(client.getInputStream()), client.getOutputStream());
                    }
                });
            }
        });
    }

    private interface Task {
        void run() throws IOException;
    }

    private static void daemon(Task task) {
        Thread thread = new Thread(() -> {
            try {
                task.run();
            } catch (IOException closed) {
                // the test is over
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    public String address() {
        return "127.0.0.1:" + socket.getLocalPort();
    }

    @SuppressWarnings("deprecation") // lines of ASCII are what readLine reads
    private void serve(DataInputStream in, OutputStream out) throws IOException {
        for (String line = in.readLine(); line != null && !line.equals("quit"); line = in.readLine()) {
            String[] words = line.split(" ", -1);
            switch (words[0]) {
                case "set" -> {
                    byte[] value = in.readNBytes(Integer.parseInt(words[4]));
                    in.readNBytes(2);
                    items.put(words[1], value);
                    say(out, "STORED\r\n");
                }
                case "get" -> {
                    for (int i = 1; i < words.length; i++) {
                        byte[] value = items.get(words[i]);
                        if (value != null) {
                            say(out, "VALUE " + words[i] + " 0 " + value.length + "\r\n");
                            out.write(value);
                            say(out, "\r\n");
                        }
                    }
                    say(out, "END\r\n");
                }
                case "delete" -> say(out, items.remove(words[1]) == null ? "NOT_FOUND\r\n" : "DELETED\r\n");
                case "version" -> say(out, "VERSION 0\r\n");
                default -> say(out, "ERROR\r\n");
            }
        }
    }

    private static void say(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.US_ASCII));
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
