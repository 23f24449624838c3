package dev.weir.http;

import dev.weir.core.testkit.InstalledTool;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** An nginx that answers by itself: {@code /} a few bytes, {@code /64k} 64 KiB. */
final class NginxServer implements AutoCloseable {
    private final Path folder;
    private final int port;
    private Process process;

    NginxServer(Path folder) throws Exception {
        this.folder = Files.createDirectories(folder);
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        Files.createDirectories(folder.resolve("www"));
        Files.write(folder.resolve("www/64k"), new byte[64 << 10]);
        Files.writeString(folder.resolve("nginx.conf"), """
                daemon off;
                user root;
                worker_processes 1;
                pid %1$s/pid;
                error_log %1$s/error.log;
                events { worker_connections 1000; }
                http {
                  access_log off;
                  keepalive_requests 1000;
                  client_body_temp_path %1$s/body; proxy_temp_path %1$s/proxy; fastcgi_temp_path %1$s/fcgi;
                  uwsgi_temp_path %1$s/uwsgi; scgi_temp_path %1$s/scgi;
                  server {
                    listen 127.0.0.1:%2$d;
                    location = / { return 200 "ok"; }
                    location = /64k { root %1$s/www; }
                  }
                }
                """.formatted(folder, port));
        start();
    }

    void start() throws Exception {
        process = new ProcessBuilder(
                        InstalledTool.require("nginx").toString(),
                        "-p",
                        folder.toString(),
                        "-c",
                        folder.resolve("nginx.conf").toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("out").toFile())
                .start();
        if (!Http2Bed.eventually(this::listens)) {
            throw new IOException("nginx does not listen: " + Files.readString(folder.resolve("out")));
        }
    }

    private boolean listens() {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    /** It ends when what is under way is answered. */
    void quit() throws Exception {
        new ProcessBuilder("kill", "-QUIT", Long.toString(process.pid()))
                .start()
                .waitFor();
        process.waitFor(20, TimeUnit.SECONDS);
    }

    String address() {
        return "127.0.0.1:" + port;
    }

    @Override
    public void close() {
        try {
            process.destroy(); // its worker with it
            process.waitFor(20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
