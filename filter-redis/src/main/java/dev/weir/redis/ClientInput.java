package dev.weir.redis;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** What comes from one client: cut into commands, which are handed to it as long as it takes them. */
final class ClientInput {
    /** As a server has them for those who have not logged in. */
    private static final CommandReader.Limits STRANGERS = new CommandReader.Limits(10, 16 << 10, 64 << 10, 16 << 10);

    private final ProxyLoop home;
    private final ProxyClient client;
    private final CommandReader reader;
    private @Nullable ByteBuf input;
    private @Nullable String tooLong;
    private @Nullable LargeCommand large;
    /** What came while commands were read. */
    private @Nullable ByteBuf later;

    private boolean parsing;

    ClientInput(ProxyLoop home, ProxyClient client) {
        this.home = home;
        this.client = client;
        this.reader = new CommandReader(home.settings.limits());
    }

    /** Whether nothing is half read. */
    boolean isEmpty() {
        return (input == null || !input.isReadable()) && reader.atBoundary();
    }

    /** Whether commands are being read further up in the stack. */
    boolean isParsing() {
        return parsing;
    }

    /** Takes bytes over. */
    void read(ByteBuf data) {
        if (parsing) {
            // A filter lets go of bytes while an answer passes it: not into the command that is being read.
            later = later == null ? data : append(later, data);
            return;
        }
        ByteBuf before = input;
        input = before == null ? data : append(before, data);
        parse();
    }

    /** Behind a command that is not whole yet. */
    private static ByteBuf append(ByteBuf before, ByteBuf data) {
        int have = before.readableBytes();
        int more = data.readableBytes();
        ByteBuf buf = before;
        if (before.refCnt() > 1 || before.writableBytes() < more || before.isReadOnly()) {
            buf = before.alloc().buffer(have + more + Math.min(have, 1 << 20));
            buf.writeBytes(before);
            before.release();
        }
        buf.writeBytes(data);
        data.release();
        return buf;
    }

    /** Goes on as far as the client takes commands. */
    void parse() {
        if (parsing) {
            return;
        }
        parsing = true;
        try {
            boolean more = true;
            while (more && client.takesCommands()) {
                ByteBuf buf = input;
                more = buf != null && step(buf) || takeLater();
            }
        } finally {
            parsing = false;
            takeLater();
        }
        ByteBuf rest = input;
        if (rest != null && (!rest.isReadable() || client.wantsNoMore())) {
            rest.release();
            input = null;
        }
    }

    private boolean takeLater() {
        ByteBuf more = later;
        if (more == null) {
            return false;
        }
        later = null;
        input = input == null ? more : append(input, more);
        return true;
    }

    private boolean step(ByteBuf buf) {
        int from = buf.readerIndex();
        int to = buf.writerIndex();
        if (from == to) {
            return false;
        }
        if (home.settings.users().required()) {
            reader.limits(client.mustLogIn() ? STRANGERS : home.settings.limits());
        }
        CommandReader.Step step = reader.next(buf, from, to);
        LargeCommand streaming = large;
        if (streaming != null && streaming.begun()) {
            return stream(streaming, step, buf);
        }
        switch (step) {
            case COMMAND:
                if (!command(reader, buf)) {
                    return false;
                }
                buf.readerIndex(reader.end());
                reader.done();
                return true;
            case INLINE:
                if (inline(reader.takeInline())) {
                    buf.readerIndex(reader.end());
                }
                return true;
            case NOTHING:
                buf.readerIndex(reader.end());
                return true;
            case LARGE:
                return large(buf);
            case TOO_LONG:
                buf.readerIndex(reader.end());
                tooLong = reader.problem();
                return true;
            case BROKEN:
                client.broken(reader.problem());
                return false;
            default:
                if (tooLong != null) {
                    buf.readerIndex(reader.end());
                }
                return false;
        }
    }

    private boolean command(CommandReader command, ByteBuf buf) {
        String problem = tooLong;
        if (problem == null) {
            return home.dispatch.command(client, command, buf);
        }
        tooLong = null;
        ProxyTransaction transaction = client.transaction(false);
        if (transaction != null) {
            transaction.spoil();
        }
        home.fail(client.open(home.table.other(), 0), "ERR " + problem);
        return true;
    }

    private boolean inline(ByteBuf array) {
        CommandReader again = new CommandReader(home.settings.limits());
        again.keep();
        try {
            if (again.next(array, array.readerIndex(), array.writerIndex()) == CommandReader.Step.COMMAND) {
                return command(again, array);
            }
            client.broken(again.problem());
            return true;
        } finally {
            array.release();
        }
    }

    /** A large argument comes: it goes to the shard as it comes, if that can be. */
    private boolean large(ByteBuf buf) {
        LargeCommand streaming = large;
        if (streaming != null) {
            streaming.begin(reader, buf);
            reader.stream();
            buf.readerIndex(reader.end());
            return true;
        }
        streaming = home.dispatch.large(client, reader, buf);
        if (streaming != null) {
            large = streaming;
            streaming.connect();
            return true;
        }
        if (!client.takesCommands()) {
            return false; // not yet
        }
        reader.keep();
        return true;
    }

    private boolean stream(LargeCommand streaming, CommandReader.Step step, ByteBuf buf) {
        if (step == CommandReader.Step.BROKEN) {
            streaming.broken(reader.problem());
            client.broken(reader.problem());
            return false;
        }
        boolean last = step == CommandReader.Step.COMMAND;
        int length = reader.end() - reader.start();
        streaming.goOn(buf, reader.start(), length, last);
        buf.readerIndex(reader.end());
        if (last) {
            large = null;
            reader.done();
        }
        return last || length > 0;
    }

    /** The client has left. */
    void close() {
        reader.release();
        if (input != null && !parsing) {
            input.release();
            input = null;
        }
        if (later != null) {
            later.release();
            later = null;
        }
        if (large != null) {
            large.broken("the client has left");
            large = null;
        }
    }
}
