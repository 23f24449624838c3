package dev.weir.testbeds.bench;

import dev.weir.core.filter.Direction;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;

/** Packets as a MySQL 8 server and sysbench on its table {@code sbtest1} exchange them. */
final class MysqlPackets {
    /** Both sides: 4.1, transactions, plugins, attributes, session tracking, DEPRECATE_EOF. */
    private static final int CAN = 0x01bfa28f;

    private MysqlPackets() {}

    /** What the packets go through. */
    interface Way {
        void bytes(Direction direction, ByteBuf data);
    }

    static ByteBuf packet(int sequence, ByteBuf payload) {
        return Unpooled.buffer()
                .writeMediumLE(payload.readableBytes())
                .writeByte(sequence)
                .writeBytes(payload);
    }

    /** As it comes from a socket. */
    static ByteBuf buffer(ByteBuf bytes) {
        return PooledByteBufAllocator.DEFAULT.directBuffer(16 << 10).writeBytes(bytes);
    }

    private static ByteBuf bytes() {
        return Unpooled.buffer();
    }

    private static ByteBuf text(ByteBuf to, String text) {
        return to.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static ByteBuf zero(ByteBuf to, String text) {
        return text(to, text).writeByte(0);
    }

    private static ByteBuf lenenc(ByteBuf to, String text) {
        return text(to.writeByte(text.length()), text);
    }

    static ByteBuf query(String sql) {
        return text(bytes().writeByte(3), sql);
    }

    static ByteBuf execute(int statement, int id) {
        return bytes().writeByte(0x17)
                .writeIntLE(statement)
                .writeByte(0)
                .writeIntLE(1)
                .writeByte(0)
                .writeByte(1)
                .writeShortLE(3)
                .writeIntLE(id);
    }

    static void login(Way way) {
        ByteBuf greeting = zero(bytes().writeByte(10), "8.0.36").writeIntLE(11);
        zero(greeting, "xxxxxxxx")
                .writeShortLE(CAN)
                .writeByte(255)
                .writeShortLE(2)
                .writeShortLE(CAN >> 16);
        greeting.writeByte(21).writeZero(10);
        zero(zero(greeting, "yyyyyyyyyyyy"), "caching_sha2_password");
        ByteBuf answer =
                bytes().writeIntLE(CAN).writeIntLE(1 << 24).writeByte(255).writeZero(23);
        zero(answer, "sbtest").writeByte(0);
        zero(zero(answer, "sbtest"), "caching_sha2_password").writeByte(0);
        way.bytes(Direction.TO_CLIENT, packet(0, greeting));
        way.bytes(Direction.TO_UPSTREAM, packet(1, answer));
        way.bytes(Direction.TO_CLIENT, packet(2, ok(0)));
    }

    private static ByteBuf ok(int header) {
        return bytes().writeByte(header)
                .writeByte(0)
                .writeByte(0)
                .writeShortLE(2)
                .writeShortLE(0);
    }

    static void prepare(Way way, String sql) {
        way.bytes(Direction.TO_UPSTREAM, packet(0, text(bytes().writeByte(0x16), sql)));
        ByteBuf answer = packet(
                1,
                bytes().writeByte(0)
                        .writeIntLE(1)
                        .writeShortLE(1)
                        .writeShortLE(1)
                        .writeByte(0)
                        .writeShortLE(0));
        answer.writeBytes(packet(2, column("?"))).writeBytes(packet(3, column("c")));
        way.bytes(Direction.TO_CLIENT, answer);
    }

    private static ByteBuf column(String name) {
        ByteBuf column = lenenc(lenenc(bytes(), "def"), "sbtest");
        lenenc(lenenc(lenenc(lenenc(column, "sbtest1"), "sbtest1"), name), name);
        return column.writeByte(12)
                .writeShortLE(255)
                .writeIntLE(480)
                .writeByte(0xfe)
                .writeShortLE(1)
                .writeZero(3);
    }

    static ByteBuf resultSet(int rows, boolean binary) {
        ByteBuf all = packet(1, bytes().writeByte(1)).writeBytes(packet(2, column("c")));
        String value = "68487932199-96439406143-93774651418-41631865787-96406072701-20604855487-25459966574-"
                + "28203206787-41238978918-19503783441";
        for (int i = 0; i < rows; i++) {
            all.writeBytes(packet(3 + i, lenenc(binary ? bytes().writeZero(2) : bytes(), value)));
        }
        return all.writeBytes(packet(3 + rows, ok(0xfe)));
    }
}
