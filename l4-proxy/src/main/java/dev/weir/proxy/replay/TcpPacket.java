package dev.weir.proxy.replay;

/** What a packet says of a TCP connection; filled anew by each {@link Dissector#read}. IPv4 addresses are mapped ones. */
final class TcpPacket {
    static final int FIN = 1;
    static final int SYN = 2;
    static final int RST = 4;
    static final int ACK = 16;

    long sourceHigh;
    long sourceLow;
    long targetHigh;
    long targetLow;
    int sourcePort;
    int targetPort;
    int seq;
    int ack;
    int flags;
    /** Where the payload begins, in the packet's bytes. */
    int payload;
    /** Bytes of the payload that the capture has. */
    int captured;
    /** Bytes of the payload on the wire. */
    int length;

    boolean has(int flag) {
        return (flags & flag) != 0;
    }
}
