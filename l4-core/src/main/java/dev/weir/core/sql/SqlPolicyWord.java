package dev.weir.core.sql;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Words that {@link SqlScan} knows: first ones of MySQL's and MariaDB's statements, and others that change what one does. */
enum SqlPolicyWord {
    ALTER,
    ANALYZE,
    BACKUP,
    BEGIN,
    BINLOG(SqlScan.ALL),
    CACHE,
    CALL(SqlScan.WAIT | SqlScan.CHARSET),
    CHANGE,
    CHECK,
    CHECKSUM,
    CLONE,
    COMMIT,
    CREATE,
    DEALLOCATE,
    DELETE,
    DESC,
    DESCRIBE,
    DO,
    DROP,
    EXECUTE(SqlScan.ALL),
    EXPLAIN,
    FLUSH,
    GET,
    GRANT,
    HANDLER,
    HELP,
    IMPORT,
    INSERT,
    INSTALL,
    KILL,
    /** May ask the client for a file, which it sends as if it were commands. */
    LOAD(SqlScan.WAIT),
    LOCK,
    OPTIMIZE,
    PREPARE,
    PURGE,
    RELEASE,
    RENAME,
    REPAIR,
    REPLACE,
    RESET,
    RESIGNAL,
    RESTART,
    REVOKE,
    ROLLBACK,
    SAVEPOINT,
    SELECT,
    SET(SqlScan.WAIT | SqlScan.CHARSET),
    SHOW,
    SHUTDOWN,
    SIGNAL,
    START,
    STOP,
    TABLE,
    TRUNCATE,
    UNINSTALL,
    UNLOCK,
    UPDATE,
    USE(SqlScan.WAIT | SqlScan.SCHEMA),
    VALUES,
    WITH,
    XA,

    // Others.
    CHAR(-1),
    CHARACTER(-1),
    CHARACTER_SET_CLIENT(-1),
    CHARSET(-1),
    FOR(-1),
    GLOBAL(-1),
    INTO(-1),
    LOCAL(-1),
    NAMES(-1),
    NEXTVAL(-1),
    NO_WRITE_TO_BINLOG(-1),
    PASSWORD(-1),
    PERSIST(-1),
    PERSIST_ONLY(-1),
    RESOURCE(-1),
    ROLE(-1),
    SETVAL(-1),
    STATEMENT(-1),
    TRANSACTION(-1),
    WORK(-1);

    private static final int SIZE = 512;
    private static final int LONGEST = 20;
    private static final @Nullable SqlPolicyWord[] WORDS = new @Nullable SqlPolicyWord[SIZE];

    static {
        for (SqlPolicyWord word : values()) {
            byte[] text = word.name().getBytes(StandardCharsets.US_ASCII);
            int hash = 0;
            for (byte b : text) {
                hash = SqlWords.hash(hash, b);
            }
            WORDS[place(text, 0, text.length, hash)] = word;
        }
    }

    /** What a statement that begins with it may do to the session; -1 if none does. */
    private final int effects;

    SqlPolicyWord() {
        this(0);
    }

    SqlPolicyWord(int effects) {
        this.effects = effects;
    }

    /** Whether statements begin with it. */
    boolean begins() {
        return effects >= 0;
    }

    int effects() {
        return begins() ? effects : SqlScan.ALL;
    }

    /** The word {@code [from, to)}, in any case, whose hash ({@link SqlWords#hash}) is known; null for all others. */
    static @Nullable SqlPolicyWord find(byte[] sql, int from, int to, int hash) {
        return to - from > LONGEST ? null : WORDS[place(sql, from, to, hash)];
    }

    private static int place(byte[] sql, int from, int to, int hash) {
        int i = (hash ^ hash >>> 11) & (SIZE - 1);
        for (SqlPolicyWord word = WORDS[i]; word != null && !word.is(sql, from, to); word = WORDS[i]) {
            i = i + 1 & SIZE - 1;
        }
        return i;
    }

    private boolean is(byte[] sql, int from, int to) {
        String text = name();
        if (to - from != text.length()) {
            return false;
        }
        for (int i = 0; i < text.length(); i++) {
            int c = sql[from + i];
            if ((c >= 'a' && c <= 'z' ? c - 0x20 : c) != text.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}
