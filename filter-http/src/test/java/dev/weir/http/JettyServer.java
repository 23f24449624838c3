package dev.weir.http;

import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.eclipse.jetty.alpn.server.ALPNServerConnectionFactory;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.http2.server.AbstractHTTP2ServerConnectionFactory;
import org.eclipse.jetty.http2.server.HTTP2CServerConnectionFactory;
import org.eclipse.jetty.http2.server.HTTP2ServerConnectionFactory;
import org.eclipse.jetty.io.RateControl;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/** Jetty, with HTTP/1.1 and HTTP/2 on one port. */
final class JettyServer implements AutoCloseable {
    private final Server server;
    private final ServerConnector connector;

    JettyServer(Handler handler) throws Exception {
        this(server -> handler, null);
    }

    JettyServer(Function<Server, Handler> handler) throws Exception {
        this(handler, null);
    }

    JettyServer(Handler handler, SslContextFactory.Server tls) throws Exception {
        this(server -> handler, tls);
    }

    private JettyServer(Function<Server, Handler> handler, SslContextFactory.Server tls) throws Exception {
        server = new Server(new QueuedThreadPool(40, 8));
        HttpConfiguration config = new HttpConfiguration();
        config.setSendServerVersion(false);
        config.setUriCompliance(UriCompliance.UNSAFE);
        AbstractHTTP2ServerConnectionFactory http2 =
                tls == null ? new HTTP2CServerConnectionFactory(config) : new HTTP2ServerConnectionFactory(config);
        http2.setMaxConcurrentStreams(1_000);
        http2.setRateControlFactory(new RateControl.Factory() {}); // there is none
        HttpConnectionFactory http1 = new HttpConnectionFactory(config);
        if (tls == null) {
            connector = new ServerConnector(server, 1, 1, http1, http2);
        } else {
            ALPNServerConnectionFactory alpn = new ALPNServerConnectionFactory();
            alpn.setDefaultProtocol(http1.getProtocol());
            connector = new ServerConnector(
                    server, 1, 1, new SslConnectionFactory(tls, alpn.getProtocol()), alpn, http2, http1);
        }
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
    public void close() {
        cut();
        try {
            server.stop();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
