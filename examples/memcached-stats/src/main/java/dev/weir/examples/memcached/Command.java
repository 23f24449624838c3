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
import static dev.weir.examples.memcached.Reply.set;

import dev.weir.core.exchange.Operation;
import dev.weir.core.exchange.Operations;

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
        VALUES(set(END), set(VALUE), 0),
        STORE(set(STORED, NOT_STORED, EXISTS, NOT_FOUND)),
        /** The answer to incr and decr is a number. */
        CHANGE(set(DELETED, TOUCHED, NOT_FOUND, OTHER)),
        SETTING(set(OK)),
        /** Any number of lines of any kind, then one of these. */
        LINES(set(END, OK, RESET, EN, BUSY, BADCLASS), set(STAT, OTHER), 0),
        LINE(set(OK, VERSION, BUSY, BADCLASS, OTHER)),
        META_GET(set(VA, HD, EN), 0, set(EN)),
        META_SET(set(HD, NS, EX, NF), 0, set(HD)),
        META_DELETE(set(HD, NF, EX), 0, set(HD, NF)),
        META_ARITHMETIC(set(HD, VA, NF, NS, EX), 0, set(HD, VA)),
        META_DEBUG(set(ME, EN)),
        META_NOOP(set(MN)),
        /** The server closes the connection. */
        QUIT(0),
        /** From here on the server sends what it likes. */
        WATCH(0);

        private final int last;
        private final int parts;
        /** Not sent if the command has the flag q ("quiet mode"). */
        private final int nominal;

        Kind(int last) {
            this(last, 0, 0);
        }

        Kind(int last, int parts, int nominal) {
            this.last = last;
            this.parts = parts;
            this.nominal = nominal;
        }

        /** Whether {@code reply} can be the end of the answer. */
        boolean endsWith(Reply reply, boolean quiet) {
            return reply.isError() || reply.isIn(last) && !(quiet && reply.isIn(nominal));
        }

        /** Whether {@code reply} can stand in the answer, with more behind it. */
        boolean contains(Reply reply) {
            return reply.isIn(parts);
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
