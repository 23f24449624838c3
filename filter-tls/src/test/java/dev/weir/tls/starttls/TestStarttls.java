package dev.weir.tls.starttls;

import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.FilterFactory;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.tls.ClientHello;
import dev.weir.core.tls.TlsClient;
import dev.weir.core.tls.TlsHandler;
import dev.weir.core.tls.TlsServer;
import dev.weir.core.tls.TlsSession;
import io.netty.channel.Channel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.io.File;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** The filter under test with TLS of the JDK, which needs nothing of its surroundings. */
final class TestStarttls implements FilterFactory {
    @Override
    public String type() {
        return "starttls_test";
    }

    @Override
    public PerLoop<NetworkFilter> configure(ConfigNode config, FilterEnvironment environment) {
        FilterEnvironment withTls = (FilterEnvironment) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {FilterEnvironment.class}, (self, method, arguments) -> {
                    if (method.getName().equals("tlsServer")) {
                        return server((ConfigNode) arguments[0]);
                    }
                    if (method.getName().equals("tlsClient")) {
                        return client((ConfigNode) arguments[0]);
                    }
                    try {
                        return method.invoke(environment, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
        return new StarttlsFilterFactory().configure(config, withTls);
    }

    static TlsServer server(ConfigNode section) {
        ConfigNode tls = section.required("certificates").elements().get(0);
        SslContext context = context(
                SslContextBuilder.forServer(new File(tls.string("certificate")), new File(tls.string("private_key"))));
        return new TlsServer() {
            @Override
            public boolean needsHello() {
                return false;
            }

            @Override
            public TlsHandler handler(Channel channel, @Nullable ClientHello hello) {
                return new Handler(context.newEngine(channel.alloc()));
            }

            @Override
            public int maxHandshakes() {
                return 100;
            }
        };
    }

    static TlsClient client(ConfigNode tls) {
        SslContext context = context(SslContextBuilder.forClient().trustManager(new File(tls.string("ca"))));
        String name = tls.string("server_name", null);
        return new TlsClient() {
            @Override
            public TlsHandler handler(Channel channel, Address address, @Nullable String ignored) {
                return new Handler(
                        context.newEngine(channel.alloc(), name == null ? address.host() : name, address.port()));
            }

            @Override
            public String verification() {
                return "verified";
            }
        };
    }

    private static SslContext context(SslContextBuilder builder) {
        try {
            return builder.sslProvider(SslProvider.JDK)
                    .endpointIdentificationAlgorithm("HTTPS")
                    .build();
        } catch (SSLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static final class Handler extends SslHandler implements TlsHandler {
        Handler(SSLEngine engine) {
            super(engine);
        }

        @Override
        public @Nullable TlsSession session() {
            return handshakeFuture().isSuccess()
                    ? new TlsSession(
                            engine().getSession().getProtocol(), "", null, null, false, false, List.of(), null, null)
                    : null;
        }
    }
}
