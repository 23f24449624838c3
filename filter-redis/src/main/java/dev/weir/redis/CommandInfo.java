package dev.weir.redis;

import dev.weir.core.exchange.Operation;
import dev.weir.core.protocol.Command;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One line of the command table. Immutable, one object per name. */
final class CommandInfo {
    /** What the command means for the connection and its answers. */
    enum Kind {
        PLAIN,
        MULTI,
        EXEC,
        DISCARD,
        RESET,
        SELECT,
        AUTH,
        HELLO,
        CLIENT_SETNAME,
        CLIENT_SETINFO,
        CLIENT_REPLY,
        SUBSCRIBE,
        PSUBSCRIBE,
        SSUBSCRIBE,
        UNSUBSCRIBE,
        PUNSUBSCRIBE,
        SUNSUBSCRIBE,
        MONITOR,
        /** From its success on the connection carries a replication stream. */
        SYNC,
        REPLCONF,
        /** Blocks only if asked to. */
        XREAD,
        XREADGROUP,
        MIGRATE,
        /** Answers a cursor and the elements. */
        SCAN;

        /** Confirmed by one message per channel instead of one answer. */
        boolean subscribes() {
            return ordinal() >= SUBSCRIBE.ordinal() && ordinal() <= SUNSUBSCRIBE.ordinal();
        }

        /** Takes the channels from the connection. */
        boolean unsubscribes() {
            return ordinal() >= UNSUBSCRIBE.ordinal() && ordinal() <= SUNSUBSCRIBE.ordinal();
        }
    }

    private static final Map<String, Kind> KINDS = kinds();
    private static final Set<String> INTEGER_FOUND = Set.of("ZRANK", "ZREVRANK", "LPOS");

    final Operation operation;
    /** Place in the table. */
    final int index;
    /** The command it is a sub-command of, or null. */
    final @Nullable CommandInfo parent;
    /** As in COMMAND: counts the name; negative means at least. */
    final int arity;

    final Kind kind;
    /** What policies are told it is. */
    final Command.Kind role;
    /** Whether it runs in the current database only. */
    final boolean confined;

    final boolean read;
    final boolean write;
    final boolean blocking;
    /** Whether it has sub-commands. */
    final boolean container;
    /** Whether an integer answer means that something was found, as null means that nothing was. */
    final boolean integerFound;

    final List<KeySpec> keys;
    /** Where the first key stands, or 0: none, or not at a fixed place. */
    final int firstKey;

    /** Where its only key stands if it always has one and it stands there always, or 0. */
    final int onlyKey;

    private final boolean readsKeys;
    private final boolean finds;
    private final boolean onlyReads;

    /** The last part of the name, upper case, eight bytes a word. */
    final long[] words;

    final int length;

    CommandInfo(
            Operation operation,
            int index,
            @Nullable CommandInfo parent,
            int arity,
            String flags,
            List<KeySpec> keys,
            boolean container) {
        this.operation = operation;
        this.index = index;
        this.parent = parent;
        this.arity = arity;
        this.kind = KINDS.getOrDefault(operation.name(), Kind.PLAIN);
        this.read = operation.read();
        this.write = flags.indexOf('w') >= 0;
        this.blocking = flags.indexOf('b') >= 0;
        this.container = container;
        this.integerFound = INTEGER_FOUND.contains(operation.name());
        this.keys = List.copyOf(keys);
        this.firstKey = !keys.isEmpty() && keys.get(0).fixed() ? keys.get(0).index() : 0;
        this.onlyKey = keys.size() == 1 && firstKey > 0 && keys.get(0).last() == 0 ? firstKey : 0;
        this.readsKeys = !keys.isEmpty() && keys.get(0).isKey();
        this.finds = read && readsKeys;
        this.onlyReads = finds
                && !write
                && !blocking
                && kind == Kind.PLAIN // a cursor is one server's
                && !operation.name().startsWith("EVAL")
                && !operation.name().startsWith("FCALL");
        this.role = CommandReach.kind(operation.name(), flags, read);
        this.confined = CommandReach.confined(operation.name(), readsKeys);
        String last = operation.name().substring(operation.name().indexOf(' ') + 1);
        this.length = last.length();
        this.words = CommandTable.words(last);
    }

    private static Map<String, Kind> kinds() {
        Map<String, Kind> byName = new HashMap<>();
        for (Kind kind : Kind.values()) {
            byName.put(kind.name().replace('_', ' '), kind);
        }
        for (String name : List.of("PSYNC", "SYNC", "CLUSTER SYNCSLOTS")) {
            byName.put(name, Kind.SYNC);
        }
        for (String name : List.of("HSCAN", "SSCAN", "ZSCAN")) {
            byName.put(name, Kind.SCAN);
        }
        return byName;
    }

    /** Whether it has keys; whether they are looked at is a matter of settings. */
    boolean readsKeys() {
        return readsKeys;
    }

    /** Whether it reads keys, so that a null answer is a miss. */
    boolean finds() {
        return finds;
    }

    /** Whether a copy of its keys will do: it has keys, and reads them. Scripts are not among them: a replica may not know them. */
    boolean onlyReads() {
        return onlyReads;
    }

    /** Whether it may change the database or the user of the commands behind it. */
    boolean changesSession() {
        return kind == Kind.SELECT || kind == Kind.AUTH || kind == Kind.HELLO || kind == Kind.RESET;
    }

    /** What its arguments are looked at for, apart from keys. */
    boolean looksAtArguments() {
        switch (kind) {
            case SELECT, AUTH, HELLO, CLIENT_SETNAME, CLIENT_SETINFO, CLIENT_REPLY, REPLCONF, XREAD, XREADGROUP:
                return true;
            default:
                return kind.subscribes();
        }
    }

    @Override
    public String toString() {
        return operation.name();
    }
}
