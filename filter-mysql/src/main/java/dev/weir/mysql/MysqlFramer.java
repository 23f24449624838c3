package dev.weir.mysql;

import dev.weir.core.compress.Inflaters;
import dev.weir.core.compress.Inflaters.Format;
import dev.weir.core.filter.Connection;
import dev.weir.core.protocol.CommandFramer;
import dev.weir.core.sql.SqlScan;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.concurrent.FastThreadLocal;
import org.jspecify.annotations.Nullable;

/**
 * Cuts one connection into commands and answers for the command gate; answers with the decoder of the sniffer.
 *
 * <p>The login passes without being a command. What it takes for granted is settled before a policy is asked: a command that
 * comes behind one whose answer decides on the user, the schema, the SQL mode, the character set, or whether the client sends a
 * file, waits for that answer. What cannot be cut, and what is encrypted, is a {@link dev.weir.core.protocol.SniffException}.
 */
final class MysqlFramer implements CommandFramer, dev.weir.core.protocol.Command {
    private static final int LONGEST = 136 << 10;
    private static final int FRAME_HEADER = 7;

    /** What the framers of a thread share. */
    private record Shared(Loop loop, SqlScan scan) {}

    private static final FastThreadLocal<Shared> SHARED = new FastThreadLocal<>();

    private final Session session;
    private final GateAnswers answers;
    private final GateHead head;
    private final GateRequests requests;

    private boolean asked;

    MysqlFramer(Connection connection, Inflaters inflaters) {
        Shared shared = SHARED.get();
        if (shared == null || shared.loop.inflaters != inflaters) {
            shared = new Shared(Loop.ofGates(inflaters), new SqlScan());
            SHARED.set(shared);
        }
        Loop loop = shared.loop;
        GateStatements statements = new GateStatements();
        this.session = new Session(loop, connection);
        this.answers = new GateAnswers(loop, session, statements, this::compressed);
        this.head = new GateHead(loop, shared.scan, session, statements, answers);
        this.requests = new GateRequests(loop, session, answers, head);
    }

    private void compressed(Format format) {
        requests.compressed(format);
    }

    // ---- requests

    @Override
    public Step request(ByteBuf data) {
        asked = true;
        return requests.step(data);
    }

    @Override
    public dev.weir.core.protocol.Command command() {
        return this;
    }

    @Override
    public String name() {
        return head.name();
    }

    /** The current schema; null if there is none, or a statement may have changed it unseen. */
    @Override
    public @Nullable String namespace() {
        return session.namespace();
    }

    /** The user whom the server has accepted. */
    @Override
    public @Nullable String user() {
        return session.user();
    }

    @Override
    public @Nullable String statement() {
        return head.keyword();
    }

    @Override
    public boolean readOnly() {
        return kind() == Kind.READ;
    }

    @Override
    public Kind kind() {
        return head.kind();
    }

    @Override
    public int decided(boolean upstream) {
        return head.decided(upstream);
    }

    @Override
    public @Nullable ByteBuf standIn(ByteBufAllocator allocator) {
        ByteBuf packet = head.standIn(allocator);
        return packet == null ? null : framed(packet, 0);
    }

    @Override
    public ByteBuf error(ByteBufAllocator allocator, @Nullable String code, String message) {
        boolean states = session.can(Capability.PROTOCOL_41);
        return framed(GateErrors.packet(allocator, requests.packets(), code, message, states), requests.frames());
    }

    /** A packet as it goes out: within a frame, stored, where frames are compressed. */
    private ByteBuf framed(ByteBuf packet, int sequence) {
        if (requests.frames() < 0) {
            return packet;
        }
        int size = packet.readableBytes();
        ByteBuf frame = packet.alloc().buffer(FRAME_HEADER + size);
        frame.writeMediumLE(size).writeByte(sequence).writeMediumLE(0).writeBytes(packet);
        packet.release();
        return frame;
    }

    /** Most of what is held: a frame of zstd shows nothing before a block of 128 KiB is there. */
    @Override
    public int longestHead() {
        return LONGEST;
    }

    // ---- answers

    @Override
    public Step answer(ByteBuf data) {
        asked = false;
        return answers.step(data);
    }

    @Override
    public boolean betweenAnswers() {
        return answers.betweenAnswers();
    }

    @Override
    public int length() {
        return asked ? requests.length() : answers.length();
    }

    @Override
    public void close() {
        requests.close();
        head.close();
        answers.close();
    }
}
