package dev.weir.mongo;

import dev.weir.core.compress.Inflaters;
import io.micrometer.core.instrument.Counter;
import io.netty.util.collection.IntObjectHashMap;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** What the sniffers of one event loop share: settings, scratch space, pools. On that loop only. */
final class Loop {
    /** Bytes that are looked at in one piece. */
    static final int WINDOW = 4 << 10;

    /** What a reader of eight bytes may look at behind a name. */
    private static final int SLACK = 8;

    private static final int POOLED = 64;
    private static final int WAITING = 8;
    private static final int CODES = 1_024;
    /** Requests that are kept as they are, of all connections. */
    private static final int RAWS = 256;

    /** Commands that wait for their answer, of all connections. */
    private static final int COMMANDS = 65_536;

    /**
     * The settings of the filter.
     *
     * @param statements whether commands are shown as they were sent
     * @param messages whether the server's texts of errors are shown
     * @param maxPending commands of a connection that may wait for their answer
     * @param targets fields that lead a find to one shard
     */
    record Settings(boolean statements, boolean messages, int maxPending, NameTable targets) {}

    /**
     * Counters.
     *
     * @param lossy messages that could not be inflated as far as wanted
     * @param unsolicited answers to nothing that was asked
     * @param unknownCursors fetches from cursors that were not seen being made
     * @param scatter finds that ask every shard
     * @param multiGet finds of several ids
     * @param noMaxTime queries without a time limit
     */
    record Counters(
            Counter lossy,
            Counter unsolicited,
            Counter unknownCursors,
            Counter scatter,
            Counter multiGet,
            Counter noMaxTime) {}

    final Settings settings;
    final Counters counters;
    final Inflaters inflaters;
    final Cursors cursors;
    final Transactions transactions;
    final Topology topology;
    final Interned names = new Interned();
    final Statements statements = new Statements();

    /** For the running call only: bytes as they came, and as they were inflated. */
    final byte[] window = new byte[WINDOW + SLACK];

    final byte[] inflated = new byte[WINDOW + SLACK];

    private final ArrayDeque<Body> bodies = new ArrayDeque<>();
    private final ArrayDeque<Shape> shapes = new ArrayDeque<>();
    private final ArrayDeque<RawText> raws = new ArrayDeque<>();
    private int rawsLent;
    private final ArrayDeque<IntObjectHashMap<Command>> waiting = new ArrayDeque<>();
    private @Nullable Command free;
    private int freed;
    private int commands;
    private final IntObjectHashMap<String> codes = new IntObjectHashMap<>();

    Loop(Settings settings, Counters counters, Inflaters inflaters, Shared shared) {
        this.settings = settings;
        this.counters = counters;
        this.inflaters = inflaters;
        this.cursors = shared.cursors();
        this.transactions = shared.transactions();
        this.topology = shared.topology();
    }

    /**
     * What all loops of a listener share.
     *
     * @param cursors open cursors
     * @param transactions open transactions
     * @param topology what answers tell of the servers
     */
    record Shared(Cursors cursors, Transactions transactions, Topology topology) {}

    // ---- pools

    Body body() {
        Body pooled = bodies.pollLast();
        return pooled == null ? new Body(Ignoring.READER) : pooled;
    }

    void giveBack(Body body) {
        body.release();
        if (bodies.size() < POOLED) {
            bodies.addLast(body);
        }
    }

    Shape shape() {
        Shape pooled = shapes.pollLast();
        Shape shape = pooled == null ? new Shape() : pooled;
        shape.clear();
        return shape;
    }

    /** Where a request is kept to be shown; null if too many are. */
    @Nullable
    RawText rawText() {
        RawText pooled = raws.pollLast();
        if (pooled == null && rawsLent >= RAWS) {
            return null;
        }
        rawsLent++;
        RawText raw = pooled == null ? new RawText() : pooled;
        raw.clear();
        return raw;
    }

    void giveBack(RawText raw) {
        rawsLent--;
        if (raws.size() < 4) {
            raws.addLast(raw);
        }
    }

    void giveBack(Shape shape) {
        if (shapes.size() < POOLED) {
            shapes.addLast(shape);
        }
    }

    /** An empty table of commands that wait for their answers. */
    IntObjectHashMap<Command> waiting() {
        IntObjectHashMap<Command> pooled = waiting.pollLast();
        return pooled == null ? new IntObjectHashMap<>(WAITING) : pooled;
    }

    /** Takes it back, empty; one that had room for many is left to the collector. */
    void giveBack(IntObjectHashMap<Command> empty, int most) {
        if (most <= WAITING && waiting.size() < POOLED) {
            waiting.addLast(empty);
        }
    }

    /** A cleared command, or null if too many wait. */
    @Nullable
    Command command() {
        if (commands >= COMMANDS) {
            return null;
        }
        commands++;
        Command command = free;
        if (command == null) {
            command = new Command();
            command.clear();
            return command;
        }
        free = command.next;
        command.next = null;
        freed--;
        return command;
    }

    void giveBack(Command command) {
        commands--;
        command.clear();
        if (freed < POOLED) {
            freed++;
            command.next = free;
            free = command;
        }
    }

    // ---- texts

    /** An error's number as text, the same instance each time as far as there is room. */
    String code(int number) {
        String code = codes.get(number);
        if (code == null) {
            code = Integer.toString(number);
            if (codes.size() < CODES) {
                codes.put(number, code);
            }
        }
        return code;
    }
}
