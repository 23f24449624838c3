package dev.weir.proxy;

import io.netty.channel.ChannelException;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells systemd how the service is: datagrams of lines to the socket in {@code NOTIFY_SOCKET} ({@code sd_notify(3)}), which begins with
 * {@code @} where it is abstract. Without that variable nothing happens. A message that cannot be sent is logged, and no more.
 */
final class SystemdNotify {
    private static final Logger LOG = LoggerFactory.getLogger(SystemdNotify.class);
    private static final int NANOS_PER_MICRO = 1_000;

    private final byte @Nullable [] path;

    /** {@code socket} is the value of the variable, or null. */
    SystemdNotify(@Nullable String socket) {
        if (socket == null) {
            path = null;
        } else if (socket.startsWith("/") || socket.startsWith("@")) {
            path = name(socket);
        } else {
            LOG.warn("NOTIFY_SOCKET: \"{}\" (expected: a path, or @ and a name)", socket);
            path = null;
        }
    }

    private static byte[] name(String socket) {
        byte[] bytes = socket.getBytes(StandardCharsets.UTF_8);
        if (bytes[0] == '@') {
            bytes[0] = 0;
        }
        return bytes;
    }

    /** The service is up; after a takeover this process is the main one. */
    void ready(boolean takeover, String status) {
        send((takeover ? "MAINPID=" + ProcessHandle.current().pid() + "\n" : "") + "READY=1\nSTATUS=" + status);
    }

    /** It reads its configuration anew, until it is {@link #reloaded}. */
    void reloading() {
        // CLOCK_MONOTONIC is what the JVM's nanoTime is on Linux.
        send("RELOADING=1\nMONOTONIC_USEC=" + System.nanoTime() / NANOS_PER_MICRO);
    }

    void reloaded(String status) {
        send("READY=1\nSTATUS=" + status);
    }

    /** It ends. */
    void stopping(String status) {
        send("STOPPING=1\nSTATUS=" + status);
    }

    private void send(String message) {
        if (path == null) {
            return;
        }
        if (!Epoll.isAvailable()) {
            LOG.warn("systemd cannot be told: no native library");
            return;
        }
        byte[] bytes = message.getBytes(StandardCharsets.UTF_8);
        ByteBuffer buffer = ByteBuffer.allocateDirect(bytes.length).put(bytes);
        Socket socket;
        try {
            socket = Socket.newSocketDomainDgram();
        } catch (ChannelException e) { // Too many open files.
            LOG.warn("systemd cannot be told: {}", e.getMessage());
            return;
        }
        try {
            socket.sendToDomainSocket(buffer, 0, bytes.length, path);
        } catch (IOException e) {
            LOG.warn("systemd cannot be told: {}", e.getMessage());
        } finally {
            close(socket);
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("cannot close the socket to systemd", e);
        }
    }
}
