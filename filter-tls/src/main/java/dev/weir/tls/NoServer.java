package dev.weir.tls;

import dev.weir.core.config.Address;
import dev.weir.core.tls.ClientHello;
import dev.weir.core.tls.TlsClient;
import dev.weir.core.tls.TlsHandler;
import dev.weir.core.tls.TlsServer;
import io.netty.channel.Channel;
import org.jspecify.annotations.Nullable;

/** In a configuration with a problem, which never runs. */
enum NoServer implements TlsServer, TlsClient {
    INSTANCE;

    @Override
    public boolean needsHello() {
        return false;
    }

    @Override
    public TlsHandler handler(Channel channel, @Nullable ClientHello hello) {
        throw new IllegalStateException("no TLS");
    }

    @Override
    public TlsHandler handler(Channel channel, Address address, @Nullable String name) {
        throw new IllegalStateException("no TLS");
    }

    @Override
    public int maxHandshakes() {
        return 0;
    }

    @Override
    public String verification() {
        return "none";
    }
}
