package dev.weir.examples.memcached;

/** The first words of answer lines. {@link #OTHER} is any other: a number, a line of a dump. */
enum Reply {
    VALUE(3),
    VA(1),
    END,
    STAT,
    STORED,
    NOT_STORED,
    EXISTS,
    NOT_FOUND,
    DELETED,
    TOUCHED,
    OK,
    RESET,
    BUSY,
    BADCLASS,
    VERSION,
    HD,
    EN,
    NS,
    EX,
    NF,
    MN,
    ME,
    ERROR,
    CLIENT_ERROR,
    SERVER_ERROR,
    OTHER;

    private static final Words<Reply> WORDS = new Words<>();

    static {
        for (Reply reply : values()) {
            WORDS.put(reply.name(), reply);
        }
    }

    /** The word that tells the length of the block behind the line; 0 if there is no block. */
    final int lengthWord;

    Reply() {
        this(0);
    }

    Reply(int lengthWord) {
        this.lengthWord = lengthWord;
    }

    /** Several of them, as bits. */
    static int set(Reply... replies) {
        int set = 0;
        for (Reply reply : replies) {
            set |= 1 << reply.ordinal();
        }
        return set;
    }

    boolean isIn(int set) {
        return (set & 1 << ordinal()) != 0;
    }

    /** The reply whose word has {@code hash}. */
    static Reply of(long hash) {
        return WORDS.find(hash, OTHER);
    }

    /** Ends every command, also one that asked for no answer. */
    boolean isError() {
        return this == ERROR || this == CLIENT_ERROR || this == SERVER_ERROR;
    }

    /** Says that what was asked for is not there, or was not done. */
    boolean isNegative() {
        return switch (this) {
            case NOT_STORED, EXISTS, NOT_FOUND, EN, NS, EX, NF, BUSY, BADCLASS -> true;
            default -> false;
        };
    }
}
