package dev.weir.core.net;

import dev.weir.core.filter.ProxyHeader;
import dev.weir.core.tls.TlsSession;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;

/**
 * What a PROXY protocol header says of TLS that Weir has ended (PROXY protocol 2.2.5).
 *
 * <pre>
 *   flags 1 (TLS 1, certificate in this connection 2, in this session 4) | verify 4 (0: verified) | (type 1 | length 2 | text)…
 * </pre>
 */
final class SslValue {
    private static final int TLS = 1;
    private static final int CERTIFICATE_NOW = 2;
    private static final int CERTIFICATE = 4;
    private static final int CIPHER = 0x23;

    private SslValue() {}

    static byte[] of(TlsSession session) {
        ByteBuf out = Unpooled.buffer(64);
        boolean shown = !session.peer().isEmpty();
        out.writeByte(TLS | (shown ? CERTIFICATE : 0) | (shown && !session.resumed() ? CERTIFICATE_NOW : 0));
        out.writeInt(session.verified() ? 0 : 1);
        text(out, ProxyHeader.SSL_VERSION, session.version());
        if (shown) {
            String name = session.commonName();
            if (name != null) {
                text(out, ProxyHeader.SSL_CN, name);
            }
        }
        text(out, CIPHER, openSslName(session.cipher()));
        return ByteBufUtil.getBytes(out);
    }

    private static void text(ByteBuf out, int type, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeByte(type).writeShort(bytes.length).writeBytes(bytes);
    }

    /** Readers expect OpenSSL's names; those of TLS 1.3 are IANA's. */
    static String openSslName(String suite) {
        int with = suite.indexOf("_WITH_");
        if (!suite.startsWith("TLS_") || with < 0) {
            return suite;
        }
        String exchange = suite.substring("TLS_".length(), with).replace('_', '-');
        String rest = suite.substring(with + "_WITH_".length())
                .replace("AES_", "AES")
                .replace("POLY1305_SHA256", "POLY1305")
                .replace("_CBC_", "_")
                .replace('_', '-');
        return exchange.equals("RSA") ? rest : exchange + "-" + rest;
    }
}
