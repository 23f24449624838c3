package dev.weir.core.net;

import dev.weir.core.tls.TlsHandler;
import dev.weir.core.tls.TlsSession;
import io.netty.handler.ssl.SslHandler;
import java.util.List;
import javax.net.ssl.SSLEngine;
import org.jspecify.annotations.Nullable;

/** TLS of the JDK, for tests of what is around it. */
class TestTlsHandler extends SslHandler implements TlsHandler {
    TestTlsHandler(SSLEngine engine) {
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
