package dev.weir.core.builtin;

import dev.weir.core.config.Address;
import dev.weir.core.config.Cidr;
import dev.weir.core.config.ConfigNode;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Which of the targets that clients choose they may be connected to. Looks at the address that is connected to, behind the resolution of names: a name says nothing of where it
 * leads, and may lead somewhere else the next time.
 */
@Sharable
final class TargetRules extends ChannelOutboundHandlerAdapter {
    private static final byte[] NAT64 = {0, 0x64, (byte) 0xff, (byte) 0x9b, 0, 0, 0, 0, 0, 0, 0, 0};
    private static final Set<InetAddress> METADATA = metadata();

    private final List<Cidr> networks;

    private TargetRules(List<Cidr> networks) {
        this.networks = networks;
    }

    /** {@code true}, or {@code { networks: [ … ] }}. */
    static TargetRules configure(ConfigNode node) {
        List<Cidr> networks = Cidr.list(node, "networks");
        if (networks.isEmpty()) {
            node.error("networks", "no networks (expected: ranges such as 10.0.0.0/8, or dynamic: true)");
        }
        node.rejectUnknown();
        return new TargetRules(networks);
    }

    /** All but what is this machine's own, or near to it. */
    static TargetRules elsewhere() {
        return new TargetRules(List.of());
    }

    boolean allow(SocketAddress target) {
        if (!(target instanceof InetSocketAddress inet) || inet.getAddress() == null) {
            return false;
        }
        if (!networks.isEmpty()) {
            return Cidr.anyOrEmpty(networks, target);
        }
        return isElsewhere(inet.getAddress()) && isElsewhere(embedded(inet.getAddress()));
    }

    private static boolean isElsewhere(InetAddress to) {
        return !to.isLoopbackAddress()
                && !to.isAnyLocalAddress()
                && !to.isLinkLocalAddress()
                && !to.isMulticastAddress()
                && !METADATA.contains(to)
                && !isOwn(to);
    }

    /** Whether it is an address of this machine. Asks the system, some microseconds. */
    private static boolean isOwn(InetAddress to) {
        try {
            return NetworkInterface.getByInetAddress(to) != null;
        } catch (SocketException e) {
            return true; // what cannot be told is refused
        }
    }

    /** The IPv4 address that an IPv6 address leads to: compatible (RFC 4291), of NAT64 (RFC 6052) or 6to4 (RFC 3056); else itself. */
    private static InetAddress embedded(InetAddress to) {
        byte[] bytes = to.getAddress();
        if (bytes.length != 16) {
            return to;
        }
        int at = -1;
        if (startsWith(bytes, new byte[12]) || startsWith(bytes, NAT64)) {
            at = 12;
        } else if (bytes[0] == 0x20 && bytes[1] == 0x02) {
            at = 2;
        }
        try {
            return at < 0 ? to : InetAddress.getByAddress(Arrays.copyOfRange(bytes, at, at + 4));
        } catch (UnknownHostException e) {
            return to;
        }
    }

    private static boolean startsWith(byte[] bytes, byte[] prefix) {
        return Arrays.equals(bytes, 0, prefix.length, prefix, 0, prefix.length);
    }

    private static Set<InetAddress> metadata() {
        Set<InetAddress> all = new HashSet<>();
        // Where clouds tell machines their secrets, besides 169.254.169.254.
        for (String text : List.of("fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16")) {
            InetAddress literal = new Address(text, 1).literal();
            if (literal != null) {
                all.add(literal);
            }
        }
        return Set.copyOf(all);
    }

    @Override
    public void connect(
            ChannelHandlerContext ctx, SocketAddress remoteAddress, SocketAddress localAddress, ChannelPromise promise)
            throws Exception {
        if (allow(remoteAddress)) {
            super.connect(ctx, remoteAddress, localAddress, promise);
        } else {
            promise.tryFailure(new Refused(remoteAddress));
        }
    }

    /** The target is none that is allowed. */
    static final class Refused extends ConnectException {
        private static final long serialVersionUID = 1L;

        Refused(SocketAddress target) {
            super(target + " is no allowed target");
        }
    }
}
