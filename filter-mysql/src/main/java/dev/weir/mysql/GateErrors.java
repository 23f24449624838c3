package dev.weir.mysql;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Error packets of Weir's own (MySQL: "ERR_Packet"). */
final class GateErrors {
    /** ER_SPECIFIC_ACCESS_DENIED_ERROR. */
    static final int DENIED = 1227;

    /** ER_UNKNOWN_ERROR. */
    static final int GENERAL = 1105;

    private static final int ERR = 0xff;
    private static final int MOST = 512;

    private GateErrors() {}

    /**
     * A packet.
     *
     * @param code the error's number; null for {@link #DENIED}, anything else is the general error
     * @param states whether the client expects a SQLSTATE
     */
    static ByteBuf packet(
            ByteBufAllocator allocator, int sequence, @Nullable String code, String message, boolean states) {
        int errno = code == null ? DENIED : number(code);
        byte[] text = message.getBytes(StandardCharsets.UTF_8);
        int length = text.length;
        if (length > MOST) {
            length = MOST;
            while ((text[length] & 0xc0) == 0x80) {
                length--; // not within a character
            }
        }
        int size = 3 + (states ? 1 + Loop.SQL_STATE : 0) + length;
        ByteBuf packet = allocator.buffer(PacketReader.HEADER + size);
        packet.writeMediumLE(size).writeByte(sequence).writeByte(ERR).writeShortLE(errno);
        if (states) {
            packet.writeByte('#').writeBytes(state(errno).getBytes(StandardCharsets.US_ASCII));
        }
        return packet.writeBytes(text, 0, length);
    }

    /** Errors of servers have numbers from 1000 on. */
    private static int number(String code) {
        boolean digits = !code.isEmpty() && code.length() <= 5 && code.chars().allMatch(c -> c >= '0' && c <= '9');
        int errno = digits ? Integer.parseInt(code) : 0;
        return errno >= 1_000 && errno < 0xFFFF ? errno : GENERAL;
    }

    /** The SQLSTATE that goes with an error (MySQL: "Server Error Message Reference"). */
    private static String state(int errno) {
        return switch (errno) {
            case 1040 -> "08004";
            case 1045, 1698 -> "28000";
            case 1044, 1064, 1142, 1143, 1148, 1203, 1226, DENIED, 1235, 1370, 1410 -> "42000";
            case 1043, 1047, 1053, 1153, 1156 -> "08S01";
            case 1046 -> "3D000";
            case 1213 -> "40001";
            case 1317 -> "70100";
            case 1792 -> "25006";
            default -> "HY000";
        };
    }
}
