package dev.weir.core.protocol;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A toy: a command is a line; each gets one line as its answer, but {@code quiet …} gets none. Lines from the
 * server that begin with {@code !} are pushes. What is behind {@code last …} waits for its answer. Where answers come in any order, they begin with the place of their command
 * among those that wait.
 */
final class LineProtocol implements CommandFramer, Command {
    private String name = "";
    private boolean inCommand;
    private boolean inAnswer;
    private boolean push;
    private int length;
    boolean decidedUpstream;
    private final boolean anyOrder;
    private int answered;
    private int waiting;
    private boolean closed;

    LineProtocol() {
        this(false);
    }

    LineProtocol(boolean anyOrder) {
        this.anyOrder = anyOrder;
    }

    @Override
    public boolean anyOrder() {
        return anyOrder;
    }

    @Override
    public int answered() {
        return answered;
    }

    @Override
    public Step request(ByteBuf data) {
        int end = data.indexOf(data.readerIndex(), data.writerIndex(), (byte) '\n');
        if (!inCommand) {
            int space = data.indexOf(data.readerIndex(), data.writerIndex(), (byte) ' ');
            int headEnd = space < 0 ? end : end < 0 ? space : Math.min(space, end);
            if (headEnd < 0) {
                return Step.MORE;
            }
            if (headEnd == data.readerIndex()) {
                length = 1;
                return Step.NEUTRAL;
            }
            name = data.toString(data.readerIndex(), headEnd - data.readerIndex(), StandardCharsets.ISO_8859_1);
            if (name.equals("bad")) {
                throw new SniffException("bad");
            }
            if (waiting > 0) {
                return Step.WAIT;
            }
            if (name.equals("raw")) {
                return Step.OPAQUE;
            }
            inCommand = true;
            return Step.HEAD;
        }
        if (end < 0) {
            length = data.readableBytes();
            return Step.PART;
        }
        inCommand = false;
        length = end + 1 - data.readerIndex();
        return Step.END;
    }

    @Override
    public Step answer(ByteBuf data) {
        if (!inAnswer) {
            inAnswer = true;
            byte first = data.getByte(data.readerIndex());
            push = first == '!';
            answered = anyOrder ? first - '0' : 0;
        }
        int end = data.indexOf(data.readerIndex(), data.writerIndex(), (byte) '\n');
        length = end < 0 ? data.readableBytes() : end + 1 - data.readerIndex();
        inAnswer = end < 0;
        waiting -= waiting > 0 && !inAnswer && !push ? 1 : 0;
        return push ? Step.NEUTRAL : end < 0 ? Step.PART : Step.END;
    }

    @Override
    public boolean betweenAnswers() {
        return !inAnswer;
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public Command command() {
        return this;
    }

    @Override
    public int decided(boolean upstream) {
        decidedUpstream = upstream;
        waiting = upstream && name.equals("last") ? 1 : 0;
        return name.equals("quiet") ? 0 : 1;
    }

    @Override
    public ByteBuf error(ByteBufAllocator allocator, @Nullable String code, String message) {
        return ByteBufUtil.writeAscii(allocator, (code == null ? "ERR" : code) + " " + message + "\n");
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public @Nullable String namespace() {
        return null;
    }

    @Override
    public @Nullable String user() {
        return null;
    }

    @Override
    public boolean readOnly() {
        return name.equals("get");
    }

    @Override
    public void close() {
        closed = true;
    }

    boolean closed() {
        return closed;
    }
}
