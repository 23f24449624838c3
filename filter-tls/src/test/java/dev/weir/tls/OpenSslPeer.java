package dev.weir.tls;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** The {@code openssl} program as client or server. */
final class OpenSslPeer implements AutoCloseable {
    static final Path PROGRAM = Path.of("/usr/bin/openssl");

    private final Process process;
    private final int port;

    private OpenSslPeer(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    static void required() {
        if (!Files.isExecutable(PROGRAM)) {
            System.out.println("SKIPPED-NEEDS: openssl");
            Assumptions.abort("no openssl");
        }
    }

    /**
     * What a client said and heard.
     *
     * @param output all it printed
     * @param status its exit status
     */
    record Result(String output, int status) {}

    /** {@code s_client} that sends one line and ends when the echo has come. */
    static Result client(int port, String line, String... options) throws Exception {
        List<String> command =
                new ArrayList<>(List.of(PROGRAM.toString(), "s_client", "-connect", "127.0.0.1:" + port, "-ign_eof"));
        command.addAll(List.of(options));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        StringBuilder output = new StringBuilder();
        try {
            Thread reader = new Thread(() -> read(process.getInputStream(), output, line, process));
            reader.start();
            process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().flush();
            if (!process.waitFor(30, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
            reader.join(10_000);
        } catch (IOException gone) {
            output.append(gone.getMessage());
        }
        return new Result(output.toString(), process.waitFor());
    }

    private static void read(InputStream in, StringBuilder output, String line, Process process) {
        byte[] buffer = new byte[4096];
        try {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                output.append(new String(buffer, 0, n, StandardCharsets.UTF_8));
                if (output.indexOf(line + "\n") >= 0) {
                    process.destroy();
                }
            }
        } catch (IOException ended) {
            output.append("");
        }
    }

    /** {@code s_server} that sends each line back with its characters reversed. */
    static OpenSslPeer server(String... options) throws Exception {
        return listen("s_server", List.of("-rev"), options);
    }

    private static OpenSslPeer listen(String what, List<String> fixed, String... options) throws Exception {
        int port = free();
        List<String> command = new ArrayList<>(List.of(PROGRAM.toString(), what, "-accept", "127.0.0.1:" + port));
        command.addAll(fixed);
        command.addAll(List.of(options));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        OpenSslPeer peer = new OpenSslPeer(process, port);
        TlsBed.eventually(() -> !process.isAlive() || open(port));
        return peer;
    }

    private static boolean open(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1_000);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static int free() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /** Runs to its end, for making files. */
    static void run(Path folder, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(PROGRAM.toString()));
        command.addAll(List.of(arguments));
        Path log = folder.resolve("openssl.log");
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        if (process.waitFor() != 0) {
            throw new IllegalStateException(command + ": " + Files.readString(log));
        }
    }

    int port() {
        return port;
    }

    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
    }
}
