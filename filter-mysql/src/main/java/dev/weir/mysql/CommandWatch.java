package dev.weir.mysql;

import io.netty.buffer.ByteBuf;

/**
 * Finds COM_CHANGE_USER among what a client sends after its log-in, uncompressed; looks at nothing but the heads of packets.
 *
 * <pre>
 *   size u3 · sequence u1, 0 where a command begins · command u1 …
 * </pre>
 */
final class CommandWatch {
    private static final int LAST_SEQUENCE = 255;

    private int left;
    private boolean continued;
    private int lastSequence;
    private int lastSize;
    private boolean changesUser;

    /**
     * Goes over {@code [from, to)}.
     *
     * @return how many bytes may go on; the rest is the begin of a head, or of the packet that {@link #changesUser}
     */
    int pass(ByteBuf data, int from, int to) {
        changesUser = false;
        int at = from;
        while (at < to) {
            if (left > 0) {
                int n = Math.min(left, to - at);
                left -= n;
                at += n;
                continue;
            }
            if (to - at < PacketReader.HEADER) {
                break;
            }
            int size = data.getUnsignedMediumLE(at);
            if (begins(data.getUnsignedByte(at + 3)) && size > 0) {
                if (to - at == PacketReader.HEADER) {
                    break;
                }
                if (data.getUnsignedByte(at + PacketReader.HEADER) == Commands.CHANGE_USER) {
                    changesUser = true;
                    break;
                }
            }
            continued = size == PacketReader.FULL;
            lastSequence = data.getUnsignedByte(at + 3);
            lastSize = size;
            left = size;
            at += PacketReader.HEADER;
        }
        return at - from;
    }

    /** Numbers of a file's packets (LOCAL INFILE) go on at 0 after 255; an empty packet ends it. */
    private boolean begins(int sequence) {
        return sequence == 0 && !continued && (lastSequence != LAST_SEQUENCE || lastSize == 0);
    }

    /** Whether what is behind the bytes that passed is a COM_CHANGE_USER. */
    boolean changesUser() {
        return changesUser;
    }
}
