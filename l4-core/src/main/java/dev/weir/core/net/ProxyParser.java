package dev.weir.core.net;

import dev.weir.core.config.Address;
import dev.weir.core.filter.ProxyHeader;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.codec.haproxy.HAProxyCommand;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyMessageDecoder;
import io.netty.handler.codec.haproxy.HAProxyProxiedProtocol.AddressFamily;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads a whole header: addresses by Netty's decoder, which is called here and is in no pipeline. What that one lets pass is
 * looked at before and after: values that do not fit, checksums, the spelling of version 1.
 */
final class ProxyParser extends HAProxyMessageDecoder {
    private static final int COMMAND = 12;
    private static final int FAMILY = 13;

    ProxyParser() {
        super(ProxyFrame.MOST);
    }

    /** The header, or null if the connection is the sender's own. {@code header} is all of it and nothing else. */
    @Nullable
    ProxyHeader parse(ChannelHandlerContext ctx, byte[] header, SocketAddress peer) throws ProxyError.Rejected {
        boolean text = header[0] == 'P';
        Map<Integer, byte[]> values = text || isLocal(header) ? Map.of() : values(header);
        HAProxyMessage message = decoded(ctx, header);
        try {
            if (message.command() == HAProxyCommand.LOCAL) {
                return null;
            }
            AddressFamily family = message.proxiedProtocol().addressFamily();
            if (text && family != AddressFamily.AF_UNSPEC && !spelledWell(message, header)) {
                throw new ProxyError.Rejected(ProxyError.MALFORMED);
            }
            return new ProxyHeader(
                    text ? 1 : 2,
                    peer,
                    address(family, message.sourceAddress(), message.sourcePort()),
                    address(family, message.destinationAddress(), message.destinationPort()),
                    values);
        } finally {
            message.release();
        }
    }

    private static boolean isLocal(byte[] header) {
        return header[COMMAND] == 0x20;
    }

    private static Map<Integer, byte[]> values(byte[] header) throws ProxyError.Rejected {
        int family = header[FAMILY] & 0xf0;
        // Where there is no address nobody says how long what stands in its place is: it is either all values, or none
        // of our business.
        int addresses = switch (family) {
            case 0x10 -> 12;
            case 0x20 -> 36;
            case 0x30 -> 216;
            default -> 0;
        };
        ProxyValues values = new ProxyValues(header);
        if (values.read(ProxyFrame.FIXED + addresses)) {
            if (!values.checksumFits()) {
                throw new ProxyError.Rejected(ProxyError.CHECKSUM);
            }
            return values.byType();
        }
        if (addresses == 0) {
            return Map.of();
        }
        throw new ProxyError.Rejected(ProxyError.MALFORMED);
    }

    /** Netty takes slices of what it is given, and does not release them if it fails later: memory of the heap has no need of it. */
    private HAProxyMessage decoded(ChannelHandlerContext ctx, byte[] header) throws ProxyError.Rejected {
        List<Object> out = new ArrayList<>(1);
        try {
            decode(ctx, Unpooled.wrappedBuffer(header), out);
        } catch (Exception e) {
            throw new ProxyError.Rejected(ProxyError.MALFORMED);
        }
        if (out.isEmpty()) {
            throw new ProxyError.Rejected(ProxyError.MALFORMED);
        }
        return (HAProxyMessage) out.get(0);
    }

    /** One space between the words and none behind them, no sign or zero before a number, no brackets or zones. */
    private static boolean spelledWell(HAProxyMessage message, byte[] header) {
        String line = "PROXY " + message.proxiedProtocol().name() + " " + message.sourceAddress() + " "
                + message.destinationAddress() + " " + message.sourcePort() + " " + message.destinationPort() + "\r\n";
        return line.equals(new String(header, StandardCharsets.US_ASCII))
                && spelledWell(message.sourceAddress())
                && spelledWell(message.destinationAddress());
    }

    private static boolean spelledWell(String address) {
        if (address.indexOf(':') >= 0) {
            return address.indexOf('[') < 0 && address.indexOf('%') < 0;
        }
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(address);
        return bytes != null && NetUtil.bytesToIpAddress(bytes).equals(address);
    }

    private static @Nullable SocketAddress address(AddressFamily family, @Nullable String text, int port)
            throws ProxyError.Rejected {
        if (family == AddressFamily.AF_UNSPEC || text == null) {
            return null;
        }
        if (family == AddressFamily.AF_UNIX) {
            // A path is shown in logs and pages.
            return new DomainSocketAddress(text.replaceAll("[^ -~]", "?"));
        }
        InetAddress address = new Address(text, port).literal();
        if (address == null) {
            throw new ProxyError.Rejected(ProxyError.MALFORMED);
        }
        return new InetSocketAddress(address, port);
    }
}
