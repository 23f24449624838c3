package dev.weir.mysql;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.charset.StandardCharsets;

/** What a server gets in place of commands that were refused, where its state would not be what the client believes. */
final class StandIns {
    /** What no server prepares: from now on there is no statement that was prepared last (MariaDB). */
    private static final byte[] NO_STATEMENT = "refused".getBytes(StandardCharsets.US_ASCII);

    /** The number of a parameter that no statement has. */
    private static final int NO_PARAMETER = 0xFFFF;

    private StandIns() {}

    /**
     * A packet.
     *
     * <ul>
     *   <li>COM_STMT_PREPARE: one that fails, so that executing the last statement fails, too, and not runs the one before;
     *   <li>COM_STMT_SEND_LONG_DATA: for a parameter that is not there, so that the execution fails for lack of the value;
     *   <li>COM_STMT_RESET: takes back the values sent for the execution that was refused;
     *   <li>COM_STMT_CLOSE, COM_QUIT: these free something, so they are sent as they are.
     * </ul>
     */
    static ByteBuf packet(ByteBufAllocator allocator, int code, int statement) {
        ByteBuf packet = allocator.buffer(32).writeMediumLE(0).writeByte(0).writeByte(code);
        switch (code) {
            case Commands.STMT_PREPARE -> packet.writeBytes(NO_STATEMENT);
            case Commands.STMT_SEND_LONG_DATA -> packet.writeIntLE(statement).writeShortLE(NO_PARAMETER);
            case Commands.STMT_RESET, Commands.STMT_CLOSE -> packet.writeIntLE(statement);
            default -> {}
        }
        return packet.setMediumLE(0, packet.readableBytes() - PacketReader.HEADER);
    }
}
