package dev.weir.core.builtin;

import dev.weir.core.config.Cidr;
import dev.weir.core.config.ConfigNode;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;

/**
 * Which of the targets that clients choose they may be connected to. Looks at the address that is connected to, behind the resolution of names: a name says nothing of where it
 * leads, and may lead somewhere else the next time.
 */
@Sharable
final class TargetRules extends ChannelOutboundHandlerAdapter {
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
        InetAddress to = inet.getAddress();
        return !to.isLoopbackAddress()
                && !to.isAnyLocalAddress()
                && !to.isLinkLocalAddress()
                && !to.isMulticastAddress();
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
