package dev.weir.mysql;

import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.tls.ClientHello;
import dev.weir.core.tls.TlsClient;
import dev.weir.core.tls.TlsHandler;
import dev.weir.core.tls.TlsServer;
import dev.weir.core.tls.TlsSession;
import dev.weir.core.tls.TlsSupport;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.concurrent.Future;
import java.io.File;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * TLS of the JDK, for tests of what is around it; {@code none: true} instead of certificates encrypts nothing, so that every byte can be seen.
 * Without a state, as ServiceLoader wants it.
 */
public final class TestTls implements TlsSupport {
    /** For ServiceLoader. */
    public TestTls() {}

    @Override
    public TlsServer server(ConfigNode node, Scope scope) {
        boolean hello = node.bool("by_name", false);
        int most = (int) node.integer("max_handshakes", 1024, 0, 1024);
        if (node.bool("none", false)) {
            return new Server(hello, most, channel -> new NoTls(channel));
        }
        try {
            SslContext context = SslContextBuilder.forServer(
                            new File(node.string("certificate")), new File(node.string("private_key")))
                    .sslProvider(SslProvider.JDK)
                    .build();
            return new Server(hello, most, channel -> new JdkTls(context.newEngine(channel.alloc())));
        } catch (SSLException | IllegalArgumentException e) {
            node.error("no certificate: " + e.getMessage());
            return new Server(hello, most, NoTls::new);
        }
    }

    @Override
    public TlsClient client(ConfigNode node, Scope scope) {
        if (node.bool("none", false)) {
            return new Client((channel, address) -> new NoTls(channel));
        }
        try {
            SslContext context = SslContextBuilder.forClient()
                    .trustManager(new File(node.string("ca")))
                    .sslProvider(SslProvider.JDK)
                    .endpointIdentificationAlgorithm(node.bool("verify_name", true) ? "HTTPS" : null)
                    .build();
            return new Client((channel, address) ->
                    new JdkTls(context.newEngine(channel.alloc(), address.host(), address.port())));
        } catch (SSLException | IllegalArgumentException e) {
            node.error("no ca: " + e.getMessage());
            return new Client((channel, address) -> new NoTls(channel));
        }
    }

    /** Only whether there are five bytes, as a record has. */
    @Override
    public @Nullable ClientHello hello(ByteBuf data) {
        return data.readableBytes() < 5 ? null : new ClientHello(true, "by.name", List.of());
    }

    private interface OfChannel {
        TlsHandler make(Channel channel);
    }

    private interface OfUpstream {
        TlsHandler make(Channel channel, Address address);
    }

    /** What the last connection was told of its client. */
    static final AtomicReference<@Nullable ClientHello> HELLO = new AtomicReference<>();

    private record Server(boolean needsHello, int maxHandshakes, OfChannel maker) implements TlsServer {
        @Override
        public TlsHandler handler(Channel channel, @Nullable ClientHello hello) {
            HELLO.set(hello);
            return maker.make(channel);
        }
    }

    private record Client(OfUpstream maker) implements TlsClient {
        @Override
        public TlsHandler handler(Channel channel, Address address, @Nullable String name) {
            return maker.make(channel, address);
        }

        @Override
        public String verification() {
            return "verified";
        }
    }

    private static final class JdkTls extends SslHandler implements TlsHandler {
        JdkTls(SSLEngine engine) {
            super(engine);
        }

        @Override
        public @Nullable TlsSession session() {
            if (!handshakeFuture().isSuccess() || !(engine().getSession() instanceof ExtendedSSLSession session)) {
                return null;
            }
            String name = session.getRequestedServerNames().stream()
                    .map(n -> ((SNIHostName) n).getAsciiName())
                    .findFirst()
                    .orElse(null);
            return new TlsSession(
                    session.getProtocol(), session.getCipherSuite(), name, null, false, false, List.of(), null);
        }
    }

    /** Encrypts nothing. */
    private static final class NoTls extends ChannelInboundHandlerAdapter implements TlsHandler {
        private final Channel channel;

        NoTls(Channel channel) {
            this.channel = channel;
        }

        @Override
        public Future<?> handshakeFuture() {
            return channel.newSucceededFuture();
        }

        @Override
        public ChannelFuture closeOutbound() {
            return channel.newSucceededFuture();
        }

        @Override
        public TlsSession session() {
            return new TlsSession("none", "none", "client.example", null, false, false, List.of(), null);
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.fireChannelRead(message);
        }
    }
}
