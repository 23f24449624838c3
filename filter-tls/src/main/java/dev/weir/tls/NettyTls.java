package dev.weir.tls;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.tls.ClientHello;
import dev.weir.core.tls.TlsClient;
import dev.weir.core.tls.TlsServer;
import dev.weir.core.tls.TlsSupport;
import io.netty.buffer.ByteBuf;
import java.security.GeneralSecurityException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** TLS by Netty, on BoringSSL or the JDK. */
public final class NettyTls implements TlsSupport {
    @Override
    public @Nullable TlsServer server(ConfigNode node, Scope scope) {
        if (node.has("psk")) {
            PskSection section = PskSection.of(node, true, scope);
            return section == null ? null : section.server();
        }
        int problems = node.errors().count();
        ServerSettings settings = ServerSettings.from(node);
        if (node.errors().count() == problems) {
            try {
                ServerTls tls = new ServerTls(settings, scope);
                scope.onClose(tls);
                return tls;
            } catch (TlsFileException | GeneralSecurityException | SSLException | RuntimeException e) {
                node.error(problem(e));
            }
        }
        return null;
    }

    @Override
    public @Nullable TlsClient client(ConfigNode node, Scope scope) {
        if (node.has("psk")) {
            PskSection section = PskSection.of(node, false, scope);
            return section == null ? null : section.client();
        }
        int problems = node.errors().count();
        ClientSettings settings = ClientSettings.from(node);
        if (node.errors().count() == problems) {
            try {
                ClientTls tls = new ClientTls(settings, scope);
                scope.onClose(tls);
                return tls;
            } catch (TlsFileException | GeneralSecurityException | SSLException | RuntimeException e) {
                node.error(problem(e));
            }
        }
        return null;
    }

    private static String problem(Exception e) {
        Throwable cause = e instanceof TlsFileException ? null : e.getCause();
        return e.getMessage() + (cause == null || cause.getMessage() == null ? "" : ": " + cause.getMessage());
    }

    @Override
    public @Nullable ClientHello hello(ByteBuf data) {
        return ClientHelloReader.read(data);
    }
}
