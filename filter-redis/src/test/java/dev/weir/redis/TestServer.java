package dev.weir.redis;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import redis.embedded.RedisServer;
import redis.embedded.core.ExecutableProvider;
import redis.embedded.core.RedisServerBuilder;

/**
 * A real server for a test: the embedded Redis 6.2 everywhere; Redis 7, Redis 8 and Valkey 9 where
 * {@code testbeds/install-servers.sh} put them.
 */
final class TestServer implements AutoCloseable {
    private static final int ATTEMPTS = 3;

    private final String name;
    private final int port;
    /** Of a server that does not say by itself that it is up. */
    private final @Nullable Process process;

    private final Ending ending;

    /** How to end it. */
    private interface Ending {
        void stop() throws IOException;
    }

    private TestServer(String name, int port, @Nullable Process process, Ending ending) {
        this.name = name;
        this.port = port;
        this.process = process;
        this.ending = ending;
    }

    /** Names of all servers that can be started here; says which ones cannot. */
    static List<String> available() {
        List<String> names = new ArrayList<>(List.of("embedded"));
        for (String name : List.of("redis-server", "sid/redis-server", "sid/valkey-server")) {
            if (Files.isExecutable(binary(name))) {
                names.add(name);
            } else {
                System.out.println("SKIPPED-NEEDS: " + binary(name));
            }
        }
        return names;
    }

    private static Path binary(String name) {
        return name.startsWith("sid/")
                ? sid().resolve("usr/bin").resolve(name.substring(4))
                : Path.of("/usr/bin", name);
    }

    /** Where {@code testbeds/install-servers.sh} puts what is no package of this Debian. */
    static Path tools() {
        String tools = System.getenv("WEIR_TOOLS");
        return tools == null || tools.isEmpty()
                ? Path.of(System.getProperty("user.home"), ".cache", "weir-tools")
                : Path.of(tools);
    }

    private static Path sid() {
        return tools().resolve("sid");
    }

    /** Starts one of {@link #available()}. */
    static TestServer start(String name) throws Exception {
        return start(name, List.of());
    }

    /** The same with settings, each as in its configuration file. */
    static TestServer start(String name, List<String> settings) throws Exception {
        for (int attempt = 1; ; attempt++) {
            int port = freePort();
            TestServer server = null;
            try {
                server = name.equals("embedded") ? embedded(port, settings) : process(name, port, settings);
                server.awaitPing();
                return server;
            } catch (IOException e) {
                if (server != null) {
                    server.close();
                }
                // Between the choice of a port and its use another program may take it.
                if (attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    /** Starts one where another has been. */
    static TestServer startOn(String name, int port) throws Exception {
        return startOn(name, port, List.of());
    }

    /** The same with settings, each as in its configuration file. */
    static TestServer startOn(String name, int port, List<String> settings) throws Exception {
        TestServer server = name.equals("embedded") ? embedded(port, settings) : process(name, port, settings);
        server.awaitPing();
        return server;
    }

    private static TestServer embedded(int port, List<String> settings) throws IOException {
        RedisServerBuilder builder = RedisServer.newRedisServer().port(port).setting("save \"\"");
        settings.forEach(builder::setting);
        RedisServer redis = builder.build();
        redis.start();
        return new TestServer("embedded", port, null, redis::stop);
    }

    /** Starts one that still has what it acknowledged after {@link #kill()}, with what is in {@code folder} already. */
    static TestServer startLasting(String name, int port, Path folder) throws Exception {
        Path data = Files.createDirectories(folder.resolve("data"));
        List<String> command = program(name, folder);
        command.addAll(List.of("--dir", data.toString(), "--port", String.valueOf(port), "--save", ""));
        command.addAll(List.of("--appendonly", "yes", "--appendfsync", "always"));
        TestServer server = launch(name, port, command);
        try {
            server.awaitPing();
            return server;
        } catch (IOException e) {
            server.kill();
            throw e;
        }
    }

    private static List<String> program(String name, Path folder) throws IOException {
        List<String> command = new ArrayList<>();
        if (name.equals("embedded")) {
            File file =
                    ExecutableProvider.newJarResourceProvider(folder.toFile()).get();
            if (!file.setExecutable(true)) {
                throw new IOException(file + " cannot be made executable");
            }
            command.add(file.getAbsolutePath());
            return command;
        }
        if (name.startsWith("sid/")) {
            // With the loader and the libraries of its own system, which needs no root as chroot does.
            command.add(sid().resolve("usr/lib64/ld-linux-x86-64.so.2").toString());
            command.addAll(List.of(
                    "--library-path", sid().resolve("usr/lib/x86_64-linux-gnu").toString()));
        }
        command.add(binary(name).toString());
        return command;
    }

    private static TestServer process(String name, int port, List<String> settings) throws IOException {
        List<String> command = program(name, Path.of(""));
        command.addAll(List.of("--dir", Files.createTempDirectory("weir").toString()));
        command.addAll(List.of("--port", String.valueOf(port), "--save", "", "--enable-debug-command", "yes"));
        for (String setting : settings) {
            int space = setting.indexOf(' ');
            command.add("--" + setting.substring(0, space));
            command.add(setting.substring(space + 1));
        }
        return launch(name, port, command);
    }

    private static TestServer launch(String name, int port, List<String> command) throws IOException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        return new TestServer(name, port, process, () -> {
            process.destroy();
            process.onExit()
                    .orTimeout(5, TimeUnit.SECONDS)
                    .exceptionally(late -> process.destroyForcibly())
                    .join();
        });
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private void awaitPing() throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (true) {
            try (Client client = connect()) {
                String info = String.valueOf(client.call("INFO", "server"));
                // Another server may have been faster with the port.
                if (process == null || info.contains("process_id:" + process.pid() + "\r\n")) {
                    return;
                }
            } catch (IOException e) {
                if (System.nanoTime() > end) {
                    throw e;
                }
            }
            if (System.nanoTime() > end || process != null && !process.isAlive()) {
                throw new IOException(name + " is not on port " + port);
            }
            Thread.sleep(20);
        }
    }

    int port() {
        return port;
    }

    /** Ends it at once, without a word (SIGKILL); {@link #close} is still due. */
    void kill() throws IOException {
        if (process != null) {
            process.destroyForcibly().onExit().join();
            return;
        }
        ProcessHandle.of(pid()).ifPresent(handle -> {
            handle.destroyForcibly();
            handle.onExit().orTimeout(10, TimeUnit.SECONDS).join();
        });
    }

    /** It does nothing any more until {@link #thaw} (SIGSTOP); answers its process. */
    long freeze() throws IOException {
        long pid = pid();
        signal("STOP", pid);
        return pid;
    }

    /** A server that was frozen goes on (SIGCONT). */
    static void thaw(long pid) throws IOException {
        signal("CONT", pid);
    }

    private static void signal(String name, long pid) throws IOException {
        try {
            int code = new ProcessBuilder("kill", "-" + name, String.valueOf(pid))
                    .inheritIO()
                    .start()
                    .waitFor();
            if (code != 0) {
                throw new IOException("kill -" + name + " ended with " + code);
            }
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    private long pid() throws IOException {
        String info;
        try (Client client = connect()) {
            info = String.valueOf(client.call("INFO", "server"));
        }
        String id = "process_id:";
        int from = info.indexOf(id) + id.length();
        return Long.parseLong(info.substring(from, info.indexOf('\r', from)));
    }

    Client connect() throws IOException {
        return new Client(port);
    }

    @Override
    public String toString() {
        return name;
    }

    @Override
    public void close() throws IOException {
        ending.stop();
    }

    /** An error answer. */
    record Failure(String message) {}

    /** A RESP2 client of a few lines: texts, longs, lists, null, {@link Failure}. */
    static final class Client implements AutoCloseable {
        private final Socket socket;
        private final InputStream in;

        Client(int port) throws IOException {
            socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setSoTimeout(60_000);
            in = new BufferedInputStream(socket.getInputStream());
        }

        @Nullable
        Object call(String... command) throws IOException {
            send(List.of(List.of(command)));
            return read();
        }

        /** Commands in one write; their answers are to be read. */
        void send(List<List<String>> commands) throws IOException {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            for (List<String> command : commands) {
                encode(command, out);
            }
            socket.getOutputStream().write(out.toByteArray());
        }

        private static void encode(List<String> command, ByteArrayOutputStream out) {
            out.writeBytes(("*" + command.size() + "\r\n").getBytes(StandardCharsets.UTF_8));
            for (String part : command) {
                byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
                out.writeBytes(("$" + bytes.length + "\r\n").getBytes(StandardCharsets.UTF_8));
                out.writeBytes(bytes);
                out.writeBytes("\r\n".getBytes(StandardCharsets.UTF_8));
            }
        }

        /** The next answer. */
        @Nullable
        Object read() throws IOException {
            String line = line();
            String rest = line.substring(1);
            switch (line.charAt(0)) {
                case '+':
                    return rest;
                case '-':
                    return new Failure(rest);
                case ':':
                    return Long.valueOf(rest);
                case '$':
                    int length = Integer.parseInt(rest);
                    if (length < 0) {
                        return null;
                    }
                    String text = new String(in.readNBytes(length), StandardCharsets.UTF_8);
                    line();
                    return text;
                default:
                    List<@Nullable Object> list = new ArrayList<>();
                    for (int i = Integer.parseInt(rest); i > 0; i--) {
                        list.add(read());
                    }
                    return list;
            }
        }

        private String line() throws IOException {
            StringBuilder line = new StringBuilder();
            for (int b = in.read(); b != '\n'; b = in.read()) {
                if (b < 0) {
                    throw new IOException("closed");
                }
                line.append((char) b);
            }
            return line.substring(0, line.length() - 1);
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
