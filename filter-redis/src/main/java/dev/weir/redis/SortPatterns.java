package dev.weir.redis;

import io.netty.buffer.ByteBuf;

/** BY and GET of SORT, which make up names of keys from the elements that are sorted. */
final class SortPatterns {
    private SortPatterns() {}

    /** Whether a command is a SORT. */
    static boolean of(CommandInfo info) {
        return info.operation.name().equals("SORT") || info.operation.name().equals("SORT_RO");
    }

    /** Whether a SORT has a pattern that is one of keys. */
    static boolean any(CommandReader command, ByteBuf buf) {
        for (int i = 2; i < command.count() - 1; i++) {
            boolean by = command.is(buf, i, "BY");
            if (by || command.is(buf, i, "GET")) {
                String pattern = LocalCommands.text(command, buf, ++i);
                if (by ? pattern.contains("*") : !pattern.equals("#")) {
                    return true;
                }
            } else if (command.is(buf, i, "STORE")) {
                i++; // a key that may be called BY
            }
        }
        return false;
    }
}
