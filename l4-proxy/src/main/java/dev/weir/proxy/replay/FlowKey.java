package dev.weir.proxy.replay;

import dev.weir.core.config.Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;

/** A TCP connection: its client and its server, IPv4 addresses as mapped ones. */
record FlowKey(long clientHigh, long clientLow, int clientPort, long serverHigh, long serverLow, int serverPort) {
    static FlowKey fromClient(TcpPacket p) {
        return new FlowKey(p.sourceHigh, p.sourceLow, p.sourcePort, p.targetHigh, p.targetLow, p.targetPort);
    }

    static FlowKey fromServer(TcpPacket p) {
        return new FlowKey(p.targetHigh, p.targetLow, p.targetPort, p.sourceHigh, p.sourceLow, p.sourcePort);
    }

    InetSocketAddress client() {
        return address(clientHigh, clientLow, clientPort);
    }

    InetSocketAddress server() {
        return address(serverHigh, serverLow, serverPort);
    }

    String serverText() {
        return Address.format(server());
    }

    private static InetSocketAddress address(long high, long low, int port) {
        byte[] bytes = ByteBuffer.allocate(16).putLong(high).putLong(low).array();
        try {
            // Makes an IPv4 address of a mapped one.
            return new InetSocketAddress(InetAddress.getByAddress(bytes), port);
        } catch (UnknownHostException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
