package dev.weir.redis;

import dev.weir.core.exchange.Operation;
import dev.weir.core.exchange.Operations;
import io.netty.buffer.ByteBuf;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * All commands of Redis, Valkey and their usual modules, found by the bytes on the wire in any case, without
 * allocating: names are compared eight bytes at a time in an open-addressed table. Immutable, shared.
 */
final class CommandTable {
    /** Of a name, or of the name of a sub-command. */
    static final int LONGEST = 32;

    private static final long MIX = 0x9e37_79b9_7f4a_7c15L;

    private final List<CommandInfo> all;
    private final CommandInfo[] byIndex;
    private final CommandInfo other;
    private final long[] firstWords;
    private final @Nullable CommandInfo[] slots;
    private final int shift;

    private CommandTable(List<CommandInfo> all) {
        this.all = List.copyOf(all);
        this.byIndex = all.toArray(new CommandInfo[0]);
        this.other = byIndex[0];
        int bits = 33 - Integer.numberOfLeadingZeros(all.size());
        this.shift = 64 - bits;
        this.firstWords = new long[1 << bits];
        this.slots = new CommandInfo[1 << bits];
        for (CommandInfo info : all.subList(1, all.size())) {
            insert(info);
        }
    }

    /** Reads the table that was checked in. */
    static CommandTable load() {
        List<String[]> rows = new ArrayList<>();
        try (InputStream in = CommandTable.class.getResourceAsStream("commands.tsv")) {
            if (in == null) {
                throw new IllegalStateException("commands.tsv is missing in the jar");
            }
            BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (!line.startsWith("#")) {
                    rows.add(line.split("\t", -1));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return of(rows);
    }

    private static CommandTable of(List<String[]> rows) {
        Set<String> containers = new HashSet<>();
        for (String[] row : rows) {
            int space = row[0].indexOf(' ');
            if (space > 0) {
                containers.add(row[0].substring(0, space));
            }
        }
        Operations.Builder names = Operations.builder();
        List<CommandInfo> all = new ArrayList<>();
        Map<String, CommandInfo> byName = new HashMap<>();
        Map<String, List<KeySpec>> keys = new HashMap<>(); // Few are different: a start reads each once.
        all.add(new CommandInfo(names.add(Operation.OTHER, false), 0, null, -1, "", List.of(), false));
        for (String[] row : rows) {
            String name = row[0];
            int space = name.indexOf(' ');
            CommandInfo parent = space < 0 ? null : byName.get(name.substring(0, space));
            Operation operation = names.add(name, row[2].indexOf('r') >= 0);
            CommandInfo info = new CommandInfo(
                    operation,
                    all.size(),
                    parent,
                    Integer.parseInt(row[1]),
                    row[2],
                    keys.computeIfAbsent(row[3], KeySpec::parse),
                    containers.contains(name));
            all.add(info);
            byName.put(name, info);
        }
        return new CommandTable(all);
    }

    /** This table, whose commands stay the same objects at the same places, with more behind them. */
    CommandTable with(List<CommandInfo> more) {
        List<CommandInfo> larger = new ArrayList<>(all);
        larger.addAll(more);
        return new CommandTable(larger);
    }

    /** All commands; {@code get(i).index == i}; the first one stands for all unknown ones. */
    List<CommandInfo> all() {
        return all;
    }

    /** The command at {@code index}. */
    CommandInfo at(int index) {
        return byIndex[index];
    }

    /** What stands for every unknown command. */
    CommandInfo other() {
        return other;
    }

    /** The command whose name stands at {@code at}; {@code to} is the end of the readable bytes. */
    CommandInfo find(ByteBuf buf, int at, int length, int to) {
        CommandInfo found = lookUp(null, buf, at, length, to);
        return found == null ? other : found;
    }

    /** The sub-command of {@code parent}, or {@code parent} itself if it is unknown. */
    CommandInfo findSub(CommandInfo parent, ByteBuf buf, int at, int length, int to) {
        CommandInfo found = lookUp(parent, buf, at, length, to);
        return found == null ? parent : found;
    }

    /** As {@link #find(ByteBuf, int, int, int)}; {@code n} of {@code length} bytes are at hand. */
    CommandInfo find(byte[] name, int n, long length) {
        CommandInfo found = n == length ? lookUp(null, name, n) : null;
        return found == null ? other : found;
    }

    /** As {@link #findSub(CommandInfo, ByteBuf, int, int, int)}. */
    CommandInfo findSub(CommandInfo parent, byte[] name, int n, long length) {
        CommandInfo found = n == length ? lookUp(parent, name, n) : null;
        return found == null ? parent : found;
    }

    /** The command with this name, in any case, sub-commands behind a space; or null. */
    @Nullable
    CommandInfo find(String name) {
        String[] parts = name.split(" ", 2);
        byte[] first = parts[0].getBytes(StandardCharsets.UTF_8);
        CommandInfo info = lookUp(null, first, first.length);
        if (info != null && parts.length > 1) {
            byte[] second = parts[1].getBytes(StandardCharsets.UTF_8);
            info = lookUp(info, second, second.length);
        }
        return info;
    }

    private @Nullable CommandInfo lookUp(@Nullable CommandInfo parent, ByteBuf buf, int at, int length, int to) {
        if (length > LONGEST || length <= 0) {
            return null;
        }
        long first = Bytes.upper(Bytes.lowest(Bytes.window(buf, at, to), length));
        for (int slot = slot(first, length, parent); ; slot = slot + 1 & slots.length - 1) {
            CommandInfo info = slots[slot];
            if (info == null) {
                return null;
            }
            if (firstWords[slot] == first && info.length == length && info.parent == parent) {
                int i = 1;
                while (i < info.words.length
                        && info.words[i]
                                == Bytes.upper(Bytes.lowest(Bytes.window(buf, at + 8 * i, to), length - 8 * i))) {
                    i++;
                }
                if (i == info.words.length) {
                    return info;
                }
            }
        }
    }

    private @Nullable CommandInfo lookUp(@Nullable CommandInfo parent, byte[] name, int n) {
        if (n > LONGEST || n == 0) {
            return null;
        }
        long first = Bytes.upper(Bytes.window(name, 0, n));
        for (int slot = slot(first, n, parent); ; slot = slot + 1 & slots.length - 1) {
            CommandInfo info = slots[slot];
            if (info == null) {
                return null;
            }
            if (firstWords[slot] == first && info.length == n && info.parent == parent) {
                int i = 1;
                while (i < info.words.length && info.words[i] == Bytes.upper(Bytes.window(name, 8 * i, n))) {
                    i++;
                }
                if (i == info.words.length) {
                    return info;
                }
            }
        }
    }

    private void insert(CommandInfo info) {
        int slot = slot(info.words[0], info.length, info.parent);
        while (slots[slot] != null) {
            slot = slot + 1 & slots.length - 1;
        }
        slots[slot] = info;
        firstWords[slot] = info.words[0];
    }

    private int slot(long first, int length, @Nullable CommandInfo parent) {
        long seed = parent == null ? 0 : parent.index;
        return (int) ((first ^ (seed << 8 | length) * MIX) * MIX >>> shift);
    }

    /** An upper-case name, eight bytes a word. */
    static long[] words(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > LONGEST) {
            throw new IllegalStateException(name + " is too long (expected: at most " + LONGEST + " bytes)");
        }
        long[] words = new long[Math.max(1, (bytes.length + 7) / 8)];
        for (int i = 0; i < words.length; i++) {
            words[i] = Bytes.window(bytes, 8 * i, bytes.length);
        }
        return words;
    }
}
