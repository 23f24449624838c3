package dev.weir.testbeds;

import dev.weir.testbeds.RedisBed.Kind;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Masters, by default one that is called {@code m1}, replicas of each and Sentinels that watch them all: real processes that can be killed and
 * started again.
 */
final class SentinelBed implements AutoCloseable {
    private final Kind kind;
    private final Path folder;
    private final Map<Integer, Process> running = new TreeMap<>();
    private final Map<String, List<Integer>> servers = new LinkedHashMap<>();
    private final List<Integer> sentinels = new ArrayList<>();

    private SentinelBed(Kind kind) throws IOException {
        this.kind = kind;
        this.folder = Files.createTempDirectory("weir-sentinel");
    }

    /** Starts all of them, and waits until each Sentinel knows all others and all replicas. */
    static SentinelBed start(Kind kind, int replicas, int sentinels) throws Exception {
        return start(kind, List.of("m1"), replicas, sentinels);
    }

    /** The same with so many replicas of each master. */
    static SentinelBed start(Kind kind, List<String> masters, int replicas, int sentinels) throws Exception {
        SentinelBed bed = new SentinelBed(kind);
        Runtime.getRuntime().addShutdownHook(new Thread(bed::killAll));
        try {
            for (String master : masters) {
                List<Integer> group = new ArrayList<>();
                bed.servers.put(master, group);
                for (int i = 0; i <= replicas; i++) {
                    group.add(bed.startServer(freePort(), i == 0 ? 0 : group.get(0)));
                }
            }
            for (int i = 0; i < sentinels; i++) {
                bed.sentinels.add(bed.startSentinel());
            }
            for (int sentinel : bed.sentinels) {
                for (String master : masters) {
                    bed.await(
                            sentinel,
                            "SENTINEL MASTER " + master,
                            "num-slaves",
                            replicas,
                            "num-other-sentinels",
                            sentinels - 1);
                }
            }
            return bed;
        } catch (Exception | AssertionError e) {
            bed.close();
            throw e;
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        }
    }

    private int startServer(int port, int master) throws Exception {
        List<String> command = new ArrayList<>(kind.command());
        command.addAll(List.of("--port", Integer.toString(port), "--bind", "127.0.0.1"));
        command.addAll(List.of("--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0"));
        command.addAll(List.of("--dir", Files.createTempDirectory(folder, "d").toString()));
        if (master != 0) {
            command.addAll(List.of("--replicaof", "127.0.0.1", Integer.toString(master)));
        }
        return launch(port, command);
    }

    private int startSentinel() throws Exception {
        int port = freePort();
        Path config = folder.resolve("sentinel-" + port + ".conf");
        // Two seconds: on a busy machine a server may be silent for one.
        List<String> lines = new ArrayList<>(List.of("port " + port, "bind 127.0.0.1", "dir " + folder));
        servers.forEach((master, group) -> lines.addAll(List.of(
                "sentinel monitor " + master + " 127.0.0.1 " + group.get(0) + " 2",
                "sentinel down-after-milliseconds " + master + " 2000",
                "sentinel failover-timeout " + master + " 10000",
                "sentinel parallel-syncs " + master + " 2")));
        Files.write(config, lines);
        List<String> command = new ArrayList<>(kind.command());
        command.addAll(List.of(config.toString(), "--sentinel"));
        return launch(port, command);
    }

    private int launch(int port, List<String> command) throws Exception {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        running.put(port, process);
        await(port, "PING", "+PONG");
        return port;
    }

    /** Waits until an answer has these words, names and their values one after the other. */
    void await(int port, String command, Object... words) throws Exception {
        String[] last = {""};
        boolean there = Setup.eventually(() -> {
            last[0] = tryAsk(port, command);
            String spaced = " " + last[0].replaceAll("\\s+(\\$\\d+\\s+)?", " ") + " ";
            for (int i = 0; i < words.length; i += 2) {
                String wanted = i + 1 < words.length ? words[i] + " " + words[i + 1] + " " : words[i] + " ";
                if (!spaced.contains(wanted)) {
                    return false;
                }
            }
            return true;
        });
        if (!there) {
            throw new AssertionError(kind + " on port " + port + " answers to " + command + ": " + last[0]);
        }
    }

    /** What a server answers to an inline command; the reason why it does not if it does not. */
    String tryAsk(int port, String command) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write((command + "\r\n").getBytes(StandardCharsets.UTF_8));
            StringBuilder answer = new StringBuilder();
            read(new BufferedInputStream(socket.getInputStream()), answer);
            return answer.toString();
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** One answer as it is; not all of these servers know QUIT. */
    private static void read(InputStream in, StringBuilder into) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new EOFException("after " + into + line);
            }
            line.append((char) c);
        }
        into.append(line).append('\n');
        String rest = line.substring(1).trim();
        if (line.charAt(0) == '$' && !rest.equals("-1")) {
            into.append(new String(in.readNBytes(Integer.parseInt(rest) + 2), StandardCharsets.UTF_8));
        } else if (line.charAt(0) == '*') {
            for (int i = 0; i < Integer.parseInt(rest); i++) {
                read(in, into);
            }
        }
    }

    /** Ports of the servers of {@code m1}; the first one was the master. */
    List<Integer> servers() {
        return servers("m1");
    }

    /** Those of a master with that name. */
    List<Integer> servers(String master) {
        return servers.getOrDefault(master, List.of());
    }

    List<Integer> sentinels() {
        return sentinels;
    }

    /** {@code kill -9}. */
    void kill(int port) {
        Process process = running.remove(port);
        process.destroyForcibly();
        process.onExit().join();
    }

    /** Starts a server again that was killed, as a master, as its configuration has it. */
    void restart(int port) throws Exception {
        startServer(port, 0);
    }

    private void killAll() {
        running.values().forEach(Process::destroyForcibly);
    }

    @Override
    public void close() {
        killAll();
        running.values().forEach(process -> process.onExit().join());
    }
}
