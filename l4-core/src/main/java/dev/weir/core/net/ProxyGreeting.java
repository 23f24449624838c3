package dev.weir.core.net;

import dev.weir.core.config.ProxyHeaderConfig;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.ConnectionAttribute;
import dev.weir.core.filter.ProxyHeader;
import dev.weir.core.tls.TlsSession;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** Writes the header that an upstream connection begins with, on behalf of a client, or as Weir's own. */
final class ProxyGreeting {
    private static final byte[] SIGNATURE = {13, 10, 13, 10, 0, 13, 10, 'Q', 'U', 'I', 'T', 10};
    private static final int LOCAL = 0x20;
    private static final int PROXY = 0x21;
    private static final int LENGTH_AT = 14;
    private static final int ALPN = 1;
    private static final int PATH = 108;
    /** No name is longer (RFC 1035). */
    private static final int LONGEST_NAME = 255;

    private final ProxyHeaderConfig config;
    private final @Nullable Connection client;

    /** Without a client it is a connection of Weir itself. */
    ProxyGreeting(ProxyHeaderConfig config, @Nullable Connection client) {
        this.config = config;
        this.client = client;
    }

    /** The header, the caller's to write or to release. */
    ByteBuf write(ByteBufAllocator allocator) {
        ByteBuf out = allocator.ioBuffer(128);
        if (config.version() == 1) {
            out.writeCharSequence(line(), StandardCharsets.US_ASCII);
            return out;
        }
        out.writeBytes(SIGNATURE).writeByte(client == null ? LOCAL : PROXY);
        addresses(out);
        if (client != null) {
            values(out, client);
        }
        if (config.checksum()) {
            out.writeByte(ProxyValues.CRC32C).writeShort(4).writeInt(0);
        }
        out.setShort(LENGTH_AT, out.readableBytes() - LENGTH_AT - 2);
        if (config.checksum()) {
            CRC32C sum = new CRC32C();
            sum.update(out.nioBuffer());
            out.setInt(out.writerIndex() - 4, (int) sum.getValue());
        }
        return out;
    }

    private String line() {
        if (client != null
                && client.client() instanceof InetSocketAddress from
                && client.local() instanceof InetSocketAddress to
                && sameFamily(from, to)) {
            return "PROXY " + (length(from) == 4 ? "TCP4 " : "TCP6 ") + text(from) + " " + text(to) + " "
                    + from.getPort() + " " + to.getPort() + "\r\n";
        }
        return "PROXY UNKNOWN\r\n";
    }

    private static String text(InetSocketAddress address) {
        // By its bytes: the text of an address of this link has a zone.
        return NetUtil.bytesToIpAddress(address.getAddress().getAddress());
    }

    private static int length(InetSocketAddress address) {
        InetAddress ip = address.getAddress();
        return ip == null ? 0 : ip.getAddress().length;
    }

    private static boolean sameFamily(InetSocketAddress one, InetSocketAddress other) {
        return length(one) != 0 && length(one) == length(other);
    }

    /** Family, room for the length, addresses. */
    private void addresses(ByteBuf out) {
        SocketAddress from = client == null ? null : client.client();
        SocketAddress to = client == null ? null : client.local();
        if (from instanceof InetSocketAddress source
                && to instanceof InetSocketAddress target
                && sameFamily(source, target)) {
            out.writeByte(length(source) == 4 ? 0x11 : 0x21).writeShort(0);
            out.writeBytes(source.getAddress().getAddress())
                    .writeBytes(target.getAddress().getAddress());
            out.writeShort(source.getPort()).writeShort(target.getPort());
        } else if (from instanceof DomainSocketAddress source
                && to instanceof DomainSocketAddress target
                && source.path().length() <= PATH
                && target.path().length() <= PATH) {
            out.writeByte(0x31).writeShort(0);
            path(out, source);
            path(out, target);
        } else {
            out.writeByte(0).writeShort(0);
        }
    }

    private static void path(ByteBuf out, DomainSocketAddress address) {
        int written = out.writeCharSequence(address.path(), StandardCharsets.ISO_8859_1);
        out.writeZero(PATH - written);
    }

    private void values(ByteBuf out, Connection of) {
        String name = of.get(ConnectionAttribute.SNI);
        if (config.authority() && name != null && name.length() <= LONGEST_NAME) {
            value(out, ProxyHeader.AUTHORITY, name);
        }
        if (config.uniqueId()) {
            value(out, ProxyHeader.UNIQUE_ID, Long.toString(of.id()));
        }
        TlsSession own = of.get(ConnectionAttribute.TLS);
        if (config.alpn() && own != null && own.alpn() != null) {
            value(out, ALPN, own.alpn());
        }
        ProxyHeader told = config.ssl() && own == null ? of.get(ConnectionAttribute.PROXY_HEADER) : null;
        byte[] ssl = told == null ? null : told.value(ProxyHeader.SSL);
        if (config.ssl() && own != null) {
            ssl = SslValue.of(own);
        }
        if (ssl != null) {
            value(out, ProxyHeader.SSL, ssl);
        }
    }

    private static void value(ByteBuf out, int type, String text) {
        value(out, type, text.getBytes(StandardCharsets.UTF_8));
    }

    private static void value(ByteBuf out, int type, byte[] bytes) {
        out.writeByte(type).writeShort(bytes.length).writeBytes(bytes);
    }
}
