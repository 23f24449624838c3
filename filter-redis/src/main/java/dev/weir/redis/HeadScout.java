package dev.weir.redis;

import dev.weir.core.protocol.SniffException;
import io.netty.buffer.ByteBuf;

/**
 * Looks ahead at the head of a command without consuming it: its name, and where its answer depends on them its
 * arguments (CLIENT REPLY, REPLCONF, an inline command).
 */
final class HeadScout implements RequestCursor.Arguments {
    /** Beyond this many bytes a command is judged by its name alone. */
    private static final int PATIENCE = 64 << 10;

    private final RequestCursor cursor;
    private boolean known;
    private CommandInfo info;
    private int count;
    private int word;
    private boolean silent;
    private int length;

    HeadScout(Loop loop) {
        this.cursor = new RequestCursor(loop, this);
        this.info = loop.table.other();
    }

    /** Whether the bytes from {@code from} tell enough. */
    boolean look(ByteBuf data, int from, int to) {
        known = false;
        word = ReplyMode.NONE;
        silent = false;
        int end = cursor.step(data, from, to);
        boolean complete = cursor.complete();
        boolean ambiguous = complete && cursor.ambiguous();
        length = end - from;
        if (complete) {
            info = cursor.info();
            count = cursor.count();
        }
        cursor.release();
        if (ambiguous) {
            throw new SniffException("inline_escape");
        }
        boolean late = info.kind == CommandInfo.Kind.CLIENT_REPLY || info.kind == CommandInfo.Kind.REPLCONF;
        return complete || known && count > 0 && (!late || to - from > PATIENCE);
    }

    /** The command. */
    CommandInfo info() {
        return info;
    }

    /** Number of its arguments, the name counted; 0: there is no command in these bytes. */
    int count() {
        return count;
    }

    /** The word behind CLIENT REPLY. */
    int word() {
        return word;
    }

    /** Whether it is never answered. */
    boolean silent() {
        return silent;
    }

    /** How far it was looked. */
    int length() {
        return length;
    }

    @Override
    public boolean begin(CommandInfo command, int arguments) {
        known = true;
        info = command;
        count = arguments;
        return command.kind == CommandInfo.Kind.CLIENT_REPLY || command.kind == CommandInfo.Kind.REPLCONF;
    }

    @Override
    public boolean wants(int index) {
        return index == (info.kind == CommandInfo.Kind.CLIENT_REPLY ? 2 : 1);
    }

    @Override
    public void argument(int index, byte[] bytes, int n, long full) {
        if (info.kind == CommandInfo.Kind.CLIENT_REPLY) {
            word = ReplyMode.word(bytes, n);
        } else {
            silent = CommandArguments.silentReplconf(bytes, n);
        }
    }
}
