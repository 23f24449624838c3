package dev.weir.proxy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Two streams of bytes between a listener that only this process can reach and a program, or this process's own standard input and output. Two threads: there
 * are few of these, and pipes cannot be waited for otherwise.
 */
final class StunnelBridge {
    private static final int CHUNK = 32 << 10;

    private final Path socket;
    private final StunnelLog log;
    private final CompletableFuture<Void> stopped = new CompletableFuture<>();

    StunnelBridge(Path socket, StunnelLog log) {
        this.socket = socket;
        this.log = log;
    }

    /** Standard input and output; done when the listener has no more to say, or all has been said. */
    CompletableFuture<Void> standard(InputStream in, OutputStream out) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        thread("stunnel-inetd", () -> {
            try {
                carry(in, out, () -> done.complete(null));
            } catch (IOException e) {
                log.log(StunnelLog.ERROR, "inetd: " + e.getMessage());
            } finally {
                done.complete(null);
            }
        });
        return done;
    }

    /**
     * Runs a program, again and again where {@code retryMillis} is not null, each time with a connection of its own.
     *
     * @param arguments the name of the program first
     */
    void program(String program, List<String> arguments, @Nullable Long retryMillis) {
        thread("stunnel-exec", () -> {
            do {
                try {
                    run(program, arguments);
                } catch (IOException e) {
                    log.log(StunnelLog.ERROR, "exec: " + program + ": " + e.getMessage());
                } catch (InterruptedException e) {
                    return;
                }
            } while (retryMillis != null && pause(retryMillis));
        });
    }

    /** Whether it goes on. */
    private boolean pause(long millis) {
        stopped.copy().completeOnTimeout(null, millis, TimeUnit.MILLISECONDS).join();
        return !stopped.isDone();
    }

    /** A program that runs goes on to its end, and is not started again. From any thread. */
    void stop() {
        stopped.complete(null);
    }

    private void run(String program, List<String> arguments) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(program);
        builder.command().addAll(arguments.subList(1, arguments.size()));
        builder.redirectError(ProcessBuilder.Redirect.INHERIT);
        Process process = builder.start();
        try {
            carry(process.getInputStream(), process.getOutputStream(), process::destroy);
        } finally {
            process.destroy();
            process.waitFor();
        }
    }

    /** Until both directions have ended. {@code gone} is called when the listener has nothing more to say. */
    private void carry(InputStream in, OutputStream out, Runnable gone) throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            CompletableFuture<Void> back = new CompletableFuture<>();
            thread("stunnel-bridge", () -> {
                try {
                    fromSocket(channel, out);
                } catch (IOException e) {
                    // Whoever has ended it knows why.
                } finally {
                    gone.run();
                    back.complete(null);
                }
            });
            toSocket(in, channel);
            back.join();
        }
    }

    private static void toSocket(InputStream in, SocketChannel channel) throws IOException {
        byte[] bytes = new byte[CHUNK];
        for (int read = in.read(bytes); read >= 0; read = in.read(bytes)) {
            ByteBuffer buffer = ByteBuffer.wrap(bytes, 0, read);
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
        }
        channel.shutdownOutput();
    }

    private static void fromSocket(SocketChannel channel, OutputStream out) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
        try (out) {
            while (channel.read(buffer) >= 0) {
                out.write(buffer.array(), 0, buffer.position());
                out.flush();
                buffer.clear();
            }
        }
    }

    private static void thread(String name, Runnable task) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
    }
}
