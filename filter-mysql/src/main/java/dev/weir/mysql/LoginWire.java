package dev.weir.mysql;

import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterContext;
import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/** Packets of a log-in toward both peers: each has numbers of its own, as one may have asked for TLS and the other one not. */
final class LoginWire {
    private static final int SEQUENCES = 0xff;

    private final FilterContext context;
    private int clientNext;
    private int serverNext;

    LoginWire(FilterContext context) {
        this.context = context;
    }

    FilterContext context() {
        return context;
    }

    /** A command begins. */
    void restart() {
        clientNext = 0;
        serverNext = 0;
    }

    /** The number of the next packet from or to the client. */
    int clientNext() {
        return clientNext;
    }

    /** The number of the next packet from or to the server. */
    int serverNext() {
        return serverNext;
    }

    void clientSent() {
        clientNext = clientNext + 1 & SEQUENCES;
    }

    void serverSent(int sequence) {
        serverNext = sequence + 1 & SEQUENCES;
    }

    void toClient(byte[] payload) {
        context.inject(Direction.TO_CLIENT, packet(clientNext, payload, payload.length));
        clientSent();
    }

    /** Sends the first {@code length} bytes of it. */
    void toServer(byte[] payload, int length) {
        context.inject(Direction.TO_UPSTREAM, packet(serverNext, payload, length));
        serverSent(serverNext);
    }

    private ByteBuf packet(int sequence, byte[] payload, int length) {
        ByteBuf packet = context.connection().allocator().buffer(PacketReader.HEADER + length);
        return packet.writeMediumLE(length).writeByte(sequence).writeBytes(payload, 0, length);
    }

    /** What the client has sent meanwhile is looked at again. */
    void resumeClient() {
        if (context.held(Direction.TO_UPSTREAM) > 0) {
            context.resume(Direction.TO_UPSTREAM);
        }
    }

    /** Takes the payload of the packet at {@code at}, of {@code length} bytes, out of what is lent. */
    byte[] take(ByteBuf data, int at, int length) {
        byte[] payload = new byte[length];
        data.getBytes(at + PacketReader.HEADER, payload);
        context.drop(PacketReader.HEADER + length);
        return payload;
    }

    static void wipe(byte[] secret) {
        Arrays.fill(secret, (byte) 0);
    }
}
