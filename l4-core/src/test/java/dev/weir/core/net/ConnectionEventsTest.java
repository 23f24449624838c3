package dev.weir.core.net;

import static dev.weir.core.net.Sockets.config;
import static dev.weir.core.net.Sockets.connect;
import static dev.weir.core.net.Sockets.eventually;
import static dev.weir.core.net.Sockets.read;
import static dev.weir.core.net.Sockets.tcpProxy;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.ConnectionEvents;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ConnectionEventsTest {
    /** Keeps what it hears, a word each. */
    private static final class Heard implements ConnectionEvents {
        private final List<String> all = new CopyOnWriteArrayList<>();

        @Override
        public void accepted(long id, String listener, SocketAddress client) {
            all.add("accepted " + id);
        }

        @Override
        public void connected(
                long id, String listener, String cluster, SocketAddress upstream, @Nullable SocketAddress from) {
            all.add("connected " + id + " " + cluster + (from == null ? "" : " from"));
        }

        @Override
        public void connectFailed(long id, String listener, String upstream, Throwable cause) {
            all.add("failed " + id);
        }

        @Override
        public void closed(long id, String listener, CloseReason reason, long fromClient, long toClient) {
            all.add("closed " + id + " " + reason.label() + " " + fromClient + " " + toClient);
        }
    }

    @Test
    void tellsOfAConnectionFromItsBeginToItsEnd() throws Exception {
        Heard heard = new Heard();
        try (var server = Sockets.Server.echo();
                Proxy proxy = Proxy.builder().events(heard).start(config(List.of(tcpProxy()), server.address()));
                Socket client = connect(proxy)) {
            client.getOutputStream().write("hello".getBytes(StandardCharsets.UTF_8));
            read(client.getInputStream(), 5);
            client.shutdownOutput();
            client.getInputStream().readAllBytes();

            assertThat(eventually(() -> heard.all.size() == 3)).isTrue();
        }

        String cluster = heard.all.get(1).split(" ", -1)[2];
        assertThat(heard.all)
                .containsExactly("accepted 1", "connected 1 " + cluster + " from", "closed 1 client_closed 5 5");
    }

    @Test
    void tellsOfServersThatCouldNotBeHad() throws Exception {
        Heard heard = new Heard();
        int port;
        try (ServerSocket gone = new ServerSocket(0)) {
            port = gone.getLocalPort();
        }
        try (Proxy proxy = Proxy.builder().events(heard).start(config(List.of(tcpProxy()), "127.0.0.1:" + port));
                Socket client = connect(proxy)) {
            client.getInputStream().read();

            assertThat(eventually(() -> heard.all.size() == 3)).isTrue();
        }

        assertThat(heard.all).containsExactly("accepted 1", "failed 1", "closed 1 connect_failed 0 0");
    }
}
