package dev.weir.redis;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/**
 * Finds all keys of a command by its {@link KeySpec}s, in their order. One per loop, for the running call only; allocates only when a command has
 * more keys than any before.
 */
final class KeyFinder {
    private static final int FIRST = 64;
    private static final int KEPT = 4096;

    private int[] positions = new int[FIRST];
    private int size;
    private CommandReader command;
    private ByteBuf buf;

    KeyFinder(CommandReader none, ByteBuf empty) {
        this.command = none;
        this.buf = empty;
    }

    /** Number of the keys found. */
    int size() {
        return size;
    }

    /** The place of key {@code i} among the arguments. */
    int position(int i) {
        return positions[i];
    }

    /**
     * Looks for the keys of the command that {@code reader} has read.
     *
     * @return whether they could be found: false where a count of keys is no number or more than there are arguments
     */
    boolean find(CommandInfo info, CommandReader reader, ByteBuf bytes) {
        command = reader;
        buf = bytes;
        size = 0;
        if (positions.length > KEPT) {
            positions = new int[FIRST];
        }
        boolean found = true;
        for (KeySpec spec : info.keys) {
            if (spec.isKey()) {
                int begin = spec.keyword() == null
                        ? spec.index()
                        : info.kind == CommandInfo.Kind.MIGRATE ? migrate() : keyword(info, spec);
                if (begin > 0 && begin < reader.count()) {
                    found &= add(spec, begin);
                }
            }
        }
        if (info.kind == CommandInfo.Kind.MIGRATE && size > 1 && positions[0] == 3 && reader.length(3) == 0) {
            System.arraycopy(positions, 1, positions, 0, --size);
        }
        return found;
    }

    private boolean add(KeySpec spec, int begin) {
        int count = command.count();
        int first = begin;
        int last;
        if (spec.counted()) {
            int at = begin + spec.last();
            long keys = at < count ? number(at) : -1;
            first = begin + spec.first();
            long end = first + (keys - 1) * spec.step();
            if (keys < 0 || end >= count) {
                return false;
            }
            last = (int) end;
        } else if (spec.last() >= 0) {
            last = begin + spec.last();
        } else if (spec.limit() > 1) {
            last = begin + (count - begin) / spec.limit() - 1;
        } else {
            last = count + spec.last();
        }
        for (int at = first; at <= last && at < count; at += spec.step()) {
            if (size == positions.length) {
                positions = Arrays.copyOf(positions, size * 2);
            }
            positions[size++] = at;
        }
        return true;
    }

    /** The number that an argument is, or -1: no more digits than any count of arguments has. */
    private long number(int argument) {
        int length = command.length(argument);
        if (length == 0 || length > 9) {
            return -1;
        }
        int from = command.start() + command.at(argument);
        long value = 0;
        for (int i = from; i < from + length; i++) {
            byte b = buf.getByte(i);
            if (b < '0' || b > '9') {
                return -1;
            }
            value = value * 10 + b - '0';
        }
        return value;
    }

    private boolean is(int argument, String word) {
        return command.is(buf, argument, word);
    }

    /** Behind the keyword, or 0: it is none where it is the value of another option. */
    private int keyword(CommandInfo info, KeySpec spec) {
        String word = spec.keyword();
        if (word == null) {
            return 0;
        }
        if (info.kind == CommandInfo.Kind.XREAD || info.kind == CommandInfo.Kind.XREADGROUP) {
            return streams();
        }
        int found = 0; // of several the last one holds
        for (int at = spec.from(); at < command.count() - 1; at++) {
            if (is(at, word)) {
                found = ++at;
            } else if (is(at, "STORE") || is(at, "STOREDIST") || is(at, "BY") || is(at, "GET") || is(at, "COUNT")) {
                at++;
            } else if (is(at, "LIMIT")) {
                at += 2;
            }
        }
        return found;
    }

    private int streams() {
        for (int at = 1; at < command.count() - 1; at++) {
            if (is(at, "STREAMS")) {
                return at + 1;
            }
            if (is(at, "COUNT") || is(at, "BLOCK") || is(at, "CLAIM")) {
                at++;
            } else if (is(at, "GROUP")) {
                at += 2;
            }
        }
        return 0;
    }

    private int migrate() {
        for (int at = 6; at < command.count() - 1; at++) {
            if (is(at, "KEYS")) {
                return at + 1;
            }
            if (is(at, "AUTH")) {
                at++;
            } else if (is(at, "AUTH2")) {
                at += 2;
            }
        }
        return 0;
    }
}
