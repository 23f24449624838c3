package dev.weir.tls.psk;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.tls.ClientHello;
import dev.weir.core.tls.TlsClient;
import dev.weir.core.tls.TlsServer;
import dev.weir.core.tls.TlsSupport;
import io.netty.buffer.ByteBuf;
import java.time.Duration;

/** TLS by PSK alone, for tests of how it goes with the core. */
public final class PskSupport implements TlsSupport {
    private static PskTls.Limits limits(ConfigNode node) {
        return new PskTls.Limits(
                String.valueOf(node.string("min_version", "TLSv1.2")),
                String.valueOf(node.string("max_version", "TLSv1.3")),
                Duration.ofSeconds(10),
                100);
    }

    private static PskTls psk(ConfigNode node) {
        PskTls psk = PskTls.configure(node.required("psk"));
        if (psk == null) {
            throw new IllegalStateException("no keys");
        }
        return psk;
    }

    @Override
    public TlsServer server(ConfigNode node, Scope scope) {
        return psk(node).server(limits(node));
    }

    @Override
    public TlsClient client(ConfigNode node, Scope scope) {
        return psk(node).client(limits(node));
    }

    @Override
    public ClientHello hello(ByteBuf data) {
        return ClientHello.NONE;
    }
}
