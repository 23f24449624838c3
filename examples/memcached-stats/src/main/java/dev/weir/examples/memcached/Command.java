package dev.weir.examples.memcached;

import static dev.weir.examples.memcached.Reply.BADCLASS;
import static dev.weir.examples.memcached.Reply.BUSY;
import static dev.weir.examples.memcached.Reply.DELETED;
import static dev.weir.examples.memcached.Reply.EN;
import static dev.weir.examples.memcached.Reply.END;
import static dev.weir.examples.memcached.Reply.EX;
import static dev.weir.examples.memcached.Reply.EXISTS;
import static dev.weir.examples.memcached.Reply.HD;
import static dev.weir.examples.memcached.Reply.ME;
import static dev.weir.examples.memcached.Reply.MN;
import static dev.weir.examples.memcached.Reply.NF;
import static dev.weir.examples.memcached.Reply.NOT_FOUND;
import static dev.weir.examples.memcached.Reply.NOT_STORED;
import static dev.weir.examples.memcached.Reply.NS;
import static dev.weir.examples.memcached.Reply.OK;
import static dev.weir.examples.memcached.Reply.OTHER;
import static dev.weir.examples.memcached.Reply.RESET;
import static dev.weir.examples.memcached.Reply.STAT;
import static dev.weir.examples.memcached.Reply.STORED;
import static dev.weir.examples.memcached.Reply.TOUCHED;
import static dev.weir.examples.memcached.Reply.VA;
import static dev.weir.examples.memcached.Reply.VALUE;
import static dev.weir.examples.memcached.Reply.VERSION;

import dev.weir.core.exchange.Operation;
import dev.weir.core.exchange.Operations;
import java.util.EnumSet;
import java.util.Set;

/**
 * What is to be known of a command (memcached, doc/protocol.txt). The table is closed: whatever else a client sends is
 * the operation {@code _OTHER}, which the server answers with a line.
 *
 * @param operation its name in exchanges
 * @param kind how it is asked and answered
 * @param lengthWord the word that tells the length of the block behind the line; 0 if there is none
 * @param keyWord its first key; 0 if it has none
 */
record Command(Operation operation, Kind kind, int lengthWord, int keyWord) {

    /** How a command is asked and answered. */
    enum Kind {
        /** Any number of values, then END. */
        VALUES(EnumSet.of(END), EnumSet.of(VALUE), EnumSet.noneOf(Reply.class)),
        STORE(EnumSet.of(STORED, NOT_STORED, EXISTS, NOT_FOUND)),
        /** The answer to incr and decr is a number. */
        CHANGE(EnumSet.of(DELETED, TOUCHED, NOT_FOUND, OTHER)),
        SETTING(EnumSet.of(OK)),
        /** Any number of lines of any kind, then one of these. */
        LINES(EnumSet.of(END, OK, RESET, EN, BUSY, BADCLASS), EnumSet.of(STAT, OTHER), EnumSet.noneOf(Reply.class)),
        LINE(EnumSet.of(OK, VERSION, BUSY, BADCLASS, OTHER)),
        META_GET(EnumSet.of(VA, HD, EN), EnumSet.of(EN)),
        META_SET(EnumSet.of(HD, NS, EX, NF), EnumSet.of(HD)),
        META_DELETE(EnumSet.of(HD, NF, EX), EnumSet.of(HD, NF)),
        META_ARITHMETIC(EnumSet.of(HD, VA, NF, NS, EX), EnumSet.of(HD, VA)),
        META_DEBUG(EnumSet.of(ME, EN)),
        META_NOOP(EnumSet.of(MN)),
        /** The server closes the connection. */
        QUIT(EnumSet.noneOf(Reply.class)),
        /** From here on the server sends what it likes. */
        WATCH(EnumSet.noneOf(Reply.class));

        private final Set<Reply> last;
        private final Set<Reply> parts;
        /** Not sent if the command has the flag q ("quiet mode"). */
        private final Set<Reply> nominal;

        Kind(EnumSet<Reply> last) {
            this(last, EnumSet.noneOf(Reply.class));
        }

        Kind(EnumSet<Reply> last, EnumSet<Reply> nominal) {
            this(last, EnumSet.noneOf(Reply.class), nominal);
        }

        Kind(EnumSet<Reply> last, EnumSet<Reply> parts, EnumSet<Reply> nominal) {
            this.last = last;
            this.parts = parts;
            this.nominal = nominal;
        }

        /** Whether {@code reply} can be the end of the answer. */
        boolean endsWith(Reply reply, boolean quiet) {
            return reply.isError() || last.contains(reply) && !(quiet && nominal.contains(reply));
        }

        /** Whether {@code reply} can stand in the answer, with more behind it. */
        boolean contains(Reply reply) {
            return parts.contains(reply);
        }

        /** Whether its answer has any number of parts. */
        boolean isOfParts() {
            return this == VALUES || this == LINES;
        }

        /** Whether its last word may be {@code noreply}. */
        boolean takesNoreply() {
            return this == STORE || this == CHANGE || this == SETTING;
        }

        /** Whether it takes flags, such as q, instead. */
        boolean takesFlags() {
            return this == META_GET || this == META_SET || this == META_DELETE || this == META_ARITHMETIC;
        }

        /** Whether its answer says whether something was found. */
        boolean reads() {
            return this == VALUES || this == META_GET;
        }

        /** Whether its answer tells how many items, or lines, it is about. */
        boolean counts() {
            return this != SETTING && this != LINE && this != META_NOOP;
        }
    }

    private static final Words<Command> WORDS = new Words<>();
    /** Stands for all others. */
    static final Command UNKNOWN;

    static {
        Operations.Builder names = Operations.builder();
        add(names, Kind.VALUES, 0, 1, "get", "gets");
        add(names, Kind.VALUES, 0, 2, "gat", "gats");
        add(names, Kind.STORE, 4, 1, "set", "add", "replace", "append", "prepend", "cas");
        add(names, Kind.CHANGE, 0, 1, "delete", "touch", "incr", "decr");
        add(names, Kind.SETTING, 0, 0, "flush_all", "verbosity", "cache_memlimit");
        add(names, Kind.LINES, 0, 0, "stats", "lru_crawler");
        add(names, Kind.LINE, 0, 0, "version", "slabs", "lru", "shutdown");
        add(names, Kind.META_GET, 0, 1, "mg");
        add(names, Kind.META_SET, 2, 1, "ms");
        add(names, Kind.META_DELETE, 0, 1, "md");
        add(names, Kind.META_ARITHMETIC, 0, 1, "ma");
        add(names, Kind.META_DEBUG, 0, 1, "me");
        add(names, Kind.META_NOOP, 0, 0, "mn");
        add(names, Kind.QUIT, 0, 0, "quit");
        add(names, Kind.WATCH, 0, 0, "watch");
        UNKNOWN = new Command(names.build().other(), Kind.LINE, 0, 0);
    }

    private static void add(Operations.Builder names, Kind kind, int lengthWord, int keyWord, String... words) {
        for (String word : words) {
            Operation operation = names.add(word, kind.reads());
            WORDS.put(word, new Command(operation, kind, lengthWord, keyWord));
        }
    }

    /** The command whose name has {@code hash}. */
    static Command of(long hash) {
        return WORDS.find(hash, UNKNOWN);
    }
}
