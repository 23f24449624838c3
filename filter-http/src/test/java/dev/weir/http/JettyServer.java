package dev.weir.http;

import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.eclipse.jetty.http2.server.HTTP2CServerConnectionFactory;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/** Jetty, with HTTP/1.1 and HTTP/2 on one port. */
final class JettyServer implements AutoCloseable {
    private final Server server;
    private final ServerConnector connector;

    JettyServer(Handler handler) throws Exception {
        this(server -> handler);
    }

    JettyServer(Function<Server, Handler> handler) throws Exception {
        server = new Server(new QueuedThreadPool(40, 8));
        HttpConfiguration config = new HttpConfiguration();
        config.setSendServerVersion(false);
        HTTP2CServerConnectionFactory http2 = new HTTP2CServerConnectionFactory(config);
        http2.setMaxConcurrentStreams(1_000);
        connector = new ServerConnector(server, 1, 1, new HttpConnectionFactory(config), http2);
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
        server.setHandler(handler.apply(server));
        server.setStopTimeout(TimeUnit.SECONDS.toMillis(1));
        server.start();
    }

    int port() {
        return connector.getLocalPort();
    }

    String address() {
        return "127.0.0.1:" + port();
    }

    /** How many connections are open. */
    int connections() {
        return connector.getConnectedEndPoints().size();
    }

    /** Cuts all connections, without a word. */
    void cut() {
        connector.getConnectedEndPoints().forEach(org.eclipse.jetty.io.EndPoint::close);
    }

    @Override
    public void close() throws Exception {
        cut();
        server.stop();
    }
}
