package dev.weir.mysql;

import dev.weir.core.compress.Inflaters;
import dev.weir.core.sql.SqlCharset;
import dev.weir.core.sql.SqlMode;
import dev.weir.core.sql.SqlNormalizer;
import dev.weir.core.sql.SqlStatement;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.noop.NoopCounter;
import io.netty.util.collection.IntObjectHashMap;
import io.netty.util.collection.LongObjectHashMap;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** What the sniffers of one event loop share: settings, scratch space, pools. On that loop only. */
final class Loop {
    /** Bytes that are looked at in one piece. */
    static final int WINDOW = 32 << 10;

    /** Bytes kept of a name: user, schema, program. */
    static final int NAME = 256;

    /** Bytes of a SQLSTATE. */
    static final int SQL_STATE = 5;

    /** Memory for heads of payloads that come in pieces, beyond the first {@link #SMALL} bytes of each. */
    static final int HEADS = 4 << 20;

    private static final int SMALL = 256;
    private static final int POOLED = 256;
    private static final int NAMES = 4_096;

    /** Commands that wait for their answer, of all connections. */
    private static final int COMMANDS = 65_536;

    /** Memory for statements that are prepared, or that wait and are new, of all connections of a listener. */
    static final long STATEMENTS = 16 << 20;

    private static final SqlMode[] MODES = new SqlMode[4 * SqlCharset.values().length];

    static {
        for (SqlCharset charset : SqlCharset.values()) {
            for (int i = 0; i < 4; i++) {
                MODES[4 * charset.ordinal() + i] = new SqlMode((i & 1) != 0, (i & 2) != 0, charset);
            }
        }
    }

    /**
     * The settings of the filter.
     *
     * @param statements whether statements are shown as they were sent
     * @param messages whether the server's texts of errors are shown
     * @param maxStatement bytes of a statement that are looked at
     * @param maxPending commands of a connection that may wait for their answer
     * @param maxPrepared prepared statements that are remembered per connection
     */
    record Settings(boolean statements, boolean messages, int maxStatement, int maxPending, int maxPrepared) {}

    /**
     * Counters.
     *
     * @param lossy times a connection could not be followed for lack of an inflater
     * @param unsolicited errors that a server sent unasked
     * @param unknown executions of statements that were not seen being prepared
     */
    record Counters(Counter lossy, Counter unsolicited, Counter unknown) {}

    /** A statement that is prepared {@code uses} times, kept and charged once. */
    private static final class Kept {
        final SqlStatement sql;
        int uses;

        Kept(SqlStatement sql) {
            this.sql = sql;
        }
    }

    /** Of {@link #STATEMENTS}, bytes that are taken; all loops of a listener share it. */
    private final AtomicLong taken;

    final Settings settings;
    final Counters counters;
    final Inflaters inflaters;
    final SqlNormalizer normalizer;

    /** For the running call only: bytes as they came, and as they were inflated. */
    final byte[] window = new byte[WINDOW];

    final byte[] inflated = new byte[WINDOW];
    final Payload payload = new Payload();

    private final ArrayDeque<byte[]> heads = new ArrayDeque<>();
    private long headBytes;
    private @Nullable Command free;
    private int freed;
    private int commands;
    private final LongObjectHashMap<Kept> kept = new LongObjectHashMap<>();
    private final Map<String, String> names = new HashMap<>();
    private final IntObjectHashMap<String> codes = new IntObjectHashMap<>();
    private final LongObjectHashMap<String> states = new LongObjectHashMap<>();

    Loop(Settings settings, Counters counters, Inflaters inflaters, SqlNormalizer normalizer, AtomicLong taken) {
        this.settings = settings;
        this.counters = counters;
        this.inflaters = inflaters;
        this.normalizer = normalizer;
        this.taken = taken;
    }

    /** For command gates: these normalise nothing and count nothing. */
    static Loop ofGates(Inflaters inflaters) {
        Counter none = new NoopCounter(new Meter.Id("none", Tags.empty(), null, null, Meter.Type.COUNTER));
        Counters counters = new Counters(none, none, none);
        return new Loop(
                new Settings(false, false, 0, 0, 0), counters, inflaters, new SqlNormalizer(), new AtomicLong());
    }

    static SqlMode mode(boolean ansiQuotes, boolean noBackslashEscapes, SqlCharset charset) {
        return MODES[4 * charset.ordinal() + (ansiQuotes ? 1 : 0) + (noBackslashEscapes ? 2 : 0)];
    }

    // ---- heads

    /**
     * An array of at least {@code need} bytes with the first {@code have} of {@code old}, which is taken back; or null if
     * there is no memory: then {@code old} stays the caller's.
     */
    byte @Nullable [] room(byte @Nullable [] old, int have, int need) {
        if (old != null && need <= old.length) {
            return old;
        }
        if (need <= SMALL) {
            byte[] pooled = heads.pollLast();
            return pooled == null ? new byte[SMALL] : pooled;
        }
        int size = Integer.highestOneBit(need - 1) << 1;
        int more = size - (old == null || old.length == SMALL ? 0 : old.length);
        if (headBytes + more > HEADS) {
            return null;
        }
        headBytes += size;
        byte[] larger = new byte[size];
        if (old != null) {
            System.arraycopy(old, 0, larger, 0, have);
            giveBack(old);
        }
        return larger;
    }

    void giveBack(byte[] head) {
        if (head.length > SMALL) {
            headBytes -= head.length;
        } else if (heads.size() < POOLED) {
            heads.addLast(head);
        }
    }

    /** Bytes taken by heads. */
    long headBytes() {
        return headBytes;
    }

    // ---- commands

    /** A cleared command, or null if too many wait. */
    @Nullable
    Command command() {
        if (commands >= COMMANDS) {
            return null;
        }
        commands++;
        Command command = free;
        if (command == null) {
            return new Command();
        }
        free = command.next;
        command.next = null;
        freed--;
        return command;
    }

    void giveBack(Command command) {
        commands--;
        give(command.charged);
        command.clear();
        if (freed < POOLED) {
            freed++;
            command.next = free;
            free = command;
        }
    }

    /** Commands that wait. */
    int commands() {
        return commands;
    }

    // ---- statements

    private boolean take(long bytes) {
        if (taken.addAndGet(bytes) <= STATEMENTS) {
            return true;
        }
        taken.addAndGet(-bytes);
        return false;
    }

    private void give(long bytes) {
        if (bytes != 0) {
            taken.addAndGet(-bytes);
        }
    }

    /** Charges a command for what it holds until it is given back; false if there is no memory for it. */
    boolean charge(Command command, long bytes) {
        if (!take(bytes)) {
            return false;
        }
        command.charged += bytes;
        return true;
    }

    /** Whether one more may be remembered; to be given back by {@link #forget}. */
    boolean remember(Prepared prepared) {
        SqlStatement sql = prepared.sql;
        Kept same = sql == null ? null : kept.get(sql.id());
        if (!take(prepared.bytes() + (sql == null || same != null ? 0 : sql.bytes()))) {
            return false;
        }
        if (sql != null) {
            if (same == null) {
                same = new Kept(sql);
                kept.put(sql.id(), same);
            }
            same.uses++;
            prepared.sql = same.sql;
        }
        return true;
    }

    void forget(Prepared prepared) {
        SqlStatement sql = prepared.sql;
        Kept same = sql == null ? null : kept.get(sql.id());
        boolean last = same != null && --same.uses == 0;
        if (last && sql != null) {
            kept.remove(sql.id());
            give(sql.bytes());
        }
        give(prepared.bytes());
    }

    /** Bytes of statements, of all connections of the listener. */
    long statementBytes() {
        return taken.get();
    }

    // ---- texts

    /** {@code name}, the same instance for equal ones as far as there is room. */
    String same(String name) {
        String known = names.get(name);
        if (known == null) {
            known = name;
            if (names.size() < NAMES) {
                names.put(name, name);
            }
        }
        return known;
    }

    /** An error number as text, the same instance each time as far as there is room. */
    String code(int errno) {
        String code = codes.get(errno);
        if (code == null) {
            code = Integer.toString(errno);
            if (codes.size() < NAMES) {
                codes.put(errno, code);
            }
        }
        return code;
    }

    /** The SQLSTATE at {@code at}, the same instance each time as far as there is room. */
    String sqlState(byte[] a, int at) {
        long key = 0;
        for (int i = 0; i < SQL_STATE; i++) {
            key = key << 8 | a[at + i] & 0xff;
        }
        String state = states.get(key);
        if (state == null) {
            state = new String(a, at, SQL_STATE, StandardCharsets.ISO_8859_1);
            if (states.size() < NAMES) {
                states.put(key, state);
            }
        }
        return state;
    }
}
