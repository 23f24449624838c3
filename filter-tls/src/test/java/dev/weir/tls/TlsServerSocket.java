package dev.weir.tls;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

/** An echo server of the JDK's TLS, which says nothing after its client's end but what it has still to echo. */
final class TlsServerSocket implements AutoCloseable {
    private final SSLServerSocket socket;
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private final Set<String> sessions = ConcurrentHashMap.newKeySet();
    private volatile String version = "";
    private volatile String serverName = "none";
    private volatile String peer = "";

    TlsServerSocket(SSLContext context, boolean mutual) throws IOException {
        socket = (SSLServerSocket)
                context.getServerSocketFactory().createServerSocket(0, 50, InetAddress.getLoopbackAddress());
        socket.setNeedClientAuth(mutual);
        Thread thread = new Thread(this::accept, "tls-server");
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        while (!socket.isClosed()) {
            try {
                SSLSocket client = (SSLSocket) socket.accept();
                Thread thread = new Thread(() -> serve(client), "tls-server-client");
                thread.setDaemon(true);
                thread.start();
            } catch (IOException e) {
                return;
            }
        }
    }

    private void serve(SSLSocket client) {
        try (client) {
            client.startHandshake();
            var session = (ExtendedSSLSession) client.getSession();
            version = session.getProtocol();
            // A resumed session of TLS 1.3 has an id of its own, but the time of the one before.
            sessions.add(
                    version.equals("TLSv1.3")
                            ? Long.toString(session.getCreationTime())
                            : HexFormat.of().formatHex(session.getId()));
            for (var name : session.getRequestedServerNames()) {
                serverName = ((SNIHostName) name).getAsciiName();
            }
            if (client.getNeedClientAuth()) {
                peer = session.getPeerPrincipal().getName();
            }
            byte[] buffer = new byte[8192];
            for (int n = client.getInputStream().read(buffer);
                    n >= 0;
                    n = client.getInputStream().read(buffer)) {
                synchronized (received) {
                    received.write(buffer, 0, n);
                }
                client.getOutputStream().write(buffer, 0, n);
            }
        } catch (IOException e) {
            peer = String.valueOf(e.getMessage());
        }
    }

    int port() {
        return socket.getLocalPort();
    }

    String version() {
        return version;
    }

    String serverName() {
        return serverName;
    }

    String peer() {
        return peer;
    }

    int sessions() {
        return sessions.size();
    }

    String received() {
        synchronized (received) {
            return received.toString(StandardCharsets.UTF_8);
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
