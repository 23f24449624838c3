package dev.weir.core.sql;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The words that have a meaning: MySQL's and MariaDB's reserved ones, verbs at the start of a statement, and names of
 * functions before a parenthesis. All other words are identifiers.
 */
final class SqlWords {
    enum Role {
        KEYWORD,
        /** Begins a statement; elsewhere it is an identifier. */
        VERB,
        /** A reserved word that begins a statement about the session. */
        SESSION,
        /** Before a parenthesis; elsewhere an identifier. */
        FUNCTION,
        /** A keyword in statements that are not about tables, and behind certain keywords; elsewhere an identifier. */
        PLACED,
        /** May stand between a verb and its table. */
        MODIFIER,
        /** Ends a list of tables. */
        CLAUSE,
        SET,
        SELECT,
        INSERT,
        UPDATE,
        LOAD,
        DELETE,
        CREATE,
        CALL,
        FROM,
        JOIN,
        INTO,
        TABLE,
        /** After CREATE and its like. */
        OBJECT,
        VALUES,
        OFFSET,
        NULL,
        BOOLEAN,
        IS,
        NOT,
        WITH,
        AS,
        ON,
        OPERAND
    }

    /** A word in upper case. */
    record Word(byte[] text, Role role) {}

    private static final int SIZE = 2_048;
    private static final int LONGEST = 24;
    private static final byte[] RECURSIVE = "RECURSIVE".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] FUNCTION = "FUNCTION".getBytes(StandardCharsets.US_ASCII);
    private static final @Nullable Word[] TABLE = new @Nullable Word[SIZE];

    static {
        add(
                Role.KEYWORD,
                "ALL ANALYZE AND ASC ASENSITIVE BEFORE BETWEEN BIGINT BINARY BLOB BOTH BY CASCADE CASE CHAR CHARACTER"
                        + " CHECK COLLATE COLUMN CONDITION CONSTRAINT CONTINUE CONVERT CROSS CUBE CURSOR DATABASES DEC"
                        + " DECIMAL DECLARE DEFAULT DELAYED DESC DETERMINISTIC DISTINCT DISTINCTROW DIV DOUBLE DUAL"
                        + " DUPLICATE EACH ELSE ELSEIF EMPTY ENCLOSED ESCAPED EXCEPT EXISTS EXIT FETCH FLOAT FORCE"
                        + " FOREIGN FULLTEXT FUNCTION GENERATED GROUPING GROUPS IDENTIFIED IF IGNORE IN INDEX INFILE"
                        + " INNER INOUT INSENSITIVE INT INTEGER INTERSECT INTERVAL ITERATE KEY KEYS LEADING LEAVE"
                        + " LEFT LIKE LINEAR LINES LONG LONGBLOB LONGTEXT LOOP MATCH MEDIUMBLOB MEDIUMINT"
                        + " MEDIUMTEXT MOD NATURAL NO_WRITE_TO_BINLOG NUMERIC OF OPTIMIZE OPTION OPTIONALLY OR OUT OUTER"
                        + " OUTFILE OVER PARTITION PRECISION PRIMARY PURGE RANGE READ READS REAL RECURSIVE"
                        + " REFERENCES REGEXP REPEAT REQUIRE RESIGNAL RESTRICT RETURN RIGHT RLIKE ROW ROWS SCHEMAS"
                        + " SENSITIVE SEPARATOR SIGNAL SMALLINT SPATIAL SQL SQLEXCEPTION SQLSTATE SQLWARNING SSL"
                        + " STARTING STORED SYSTEM TERMINATED THEN TINYBLOB TINYINT TINYTEXT TO TRAILING UNDO UNIQUE"
                        + " UNSIGNED USAGE USING UTC_DATE UTC_TIME UTC_TIMESTAMP VARBINARY VARCHAR VARCHARACTER"
                        + " VARYING VIRTUAL WHEN WHILE WRITE XOR YEAR_MONTH ZEROFILL");
        add(
                Role.VERB,
                "BEGIN BINLOG CACHE CHECKSUM COMMIT DEALLOCATE DO EXECUTE FLUSH HANDLER HELP INSTALL PREPARE RESET"
                        + " ROLLBACK SAVEPOINT SHUTDOWN START STOP TRUNCATE UNINSTALL XA");
        add(
                Role.FUNCTION,
                "ABS AVG CAST CEIL CEILING COALESCE CONCAT CONCAT_WS COUNT CURDATE CURTIME DATE DATE_ADD DATE_FORMAT"
                        + " DATE_SUB DATEDIFF DAY EXTRACT FIELD FIND_IN_SET FLOOR FORMAT FROM_UNIXTIME GREATEST"
                        + " GROUP_CONCAT HOUR IFNULL JSON_ARRAY JSON_EXTRACT JSON_OBJECT LAST_INSERT_ID AGAINST LEAST LENGTH LOWER"
                        + " MAX MD5 MIN MINUTE MONTH NOW NULLIF POSITION RAND ROUND ROW_NUMBER SHA1 SHA2 SLEEP"
                        + " STR_TO_DATE SUBSTR SUBSTRING SUM SYSDATE TIME TIMESTAMP TRIM UNIX_TIMESTAMP UPPER UUID"
                        + " VERSION YEAR BENCHMARK DATABASE DENSE_RANK RANK");
        add(
                Role.PLACED,
                "BOOLEAN CHAIN CHARSET CLOSE COLLATION COLUMNS COMMITTED CONNECTION CONSISTENT CURRENT ENGINE ENGINES"
                        + " ERRORS EVENTS EXPANSION EXTENDED FIELDS FIRST FOLLOWING FULL GLOBAL GRANTS HARD HOSTS INDEXES"
                        + " ISOLATION LANGUAGE LAST LEVEL LOCAL LOCKED LOGS MASTER MIGRATE MODE NAMES NEXT NO NOWAIT ONE OPEN"
                        + " PASSWORD PERSIST PHASE PLUGINS PRECEDING PREV PRIVILEGES PROCESSLIST PROFILE PROFILES QUERY"
                        + " RECOVER REPEATABLE REPLICA RESUME ROLLUP SECOND SERIALIZABLE SESSION SHARE SKIP SLAVE"
                        + " SNAPSHOT SOFT STATUS STORAGE SUSPEND TRANSACTION TRIGGERS UNBOUNDED UNCOMMITTED VARIABLES"
                        + " WARNINGS WORK");
        add(Role.MODIFIER, "LOW_PRIORITY HIGH_PRIORITY LATERAL TABLES TEMPORARY ONLY CONCURRENT QUICK");
        add(Role.CLAUSE, "WHERE GROUP ORDER HAVING LIMIT UNION WINDOW FOR RETURNING PROCEDURE");
        add(Role.SET, "SET");
        add(Role.SELECT, "SELECT");
        add(Role.INSERT, "INSERT REPLACE");
        add(Role.UPDATE, "UPDATE");
        add(Role.DELETE, "DELETE");
        add(Role.CREATE, "CREATE DROP ALTER RENAME");
        add(Role.CALL, "CALL");
        add(Role.KEYWORD, "DESCRIBE EXPLAIN");
        add(Role.SESSION, "SHOW USE REVOKE GRANT LOCK UNLOCK KILL RELEASE");
        add(Role.LOAD, "LOAD");
        add(Role.FROM, "FROM");
        add(Role.JOIN, "JOIN STRAIGHT_JOIN");
        add(Role.INTO, "INTO");
        add(Role.TABLE, "TABLE");
        add(Role.OBJECT, "VIEW SCHEMA TRIGGER EVENT USER ROLE SEQUENCE SERVER");
        add(Role.VALUES, "VALUES");
        add(Role.OFFSET, "OFFSET");
        add(Role.NULL, "NULL");
        add(Role.BOOLEAN, "TRUE FALSE");
        add(Role.IS, "IS");
        add(Role.NOT, "NOT");
        add(Role.WITH, "WITH");
        add(Role.AS, "AS");
        add(Role.ON, "ON");
        add(
                Role.OPERAND,
                "END CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER LOCALTIME LOCALTIMESTAMP MAXVALUE");
    }

    private SqlWords() {}

    private static void add(Role role, String words) {
        for (String word : words.split(" ", -1)) {
            byte[] text = word.getBytes(StandardCharsets.US_ASCII);
            TABLE[place(text, 0, text.length, hash(text, 0, text.length))] = new Word(text, role);
        }
    }

    /** The word that {@code [from, to)} is, in any case; null if none. */
    static @Nullable Word find(byte[] sql, int from, int to) {
        return to - from > LONGEST ? null : TABLE[place(sql, from, to, hash(sql, from, to))];
    }

    /** The same if the hash of all its bytes is known. */
    static @Nullable Word find(byte[] sql, int from, int to, int hash) {
        return to - from > LONGEST ? null : TABLE[place(sql, from, to, hash)];
    }

    /** The hash with one more byte; the same for both cases of a letter. */
    static int hash(int hash, byte next) {
        return hash * 31 + (next & ~0x20);
    }

    private static int hash(byte[] sql, int from, int to) {
        int hash = 0;
        for (int i = from; i < to; i++) {
            hash = hash(hash, sql[i]);
        }
        return hash;
    }

    private static int place(byte[] sql, int from, int to, int hash) {
        int i = (hash ^ hash >>> 11) & (SIZE - 1);
        for (Word word = TABLE[i]; word != null && !equal(word.text, sql, from, to); word = TABLE[i]) {
            i = (i + 1) & (SIZE - 1);
        }
        return i;
    }

    private static boolean equal(byte[] upper, byte[] sql, int from, int to) {
        if (upper.length != to - from) {
            return false;
        }
        for (int i = 0; i < upper.length; i++) {
            if (upper[i] != upper(sql[from + i])) {
                return false;
            }
        }
        return true;
    }

    static boolean isTruncate(Word word) {
        return word.text().length == 8 && word.text()[0] == 'T';
    }

    static boolean isRecursive(Word word) {
        return Arrays.equals(word.text(), RECURSIVE);
    }

    static boolean isFunction(Word word) {
        return Arrays.equals(word.text(), FUNCTION);
    }

    static boolean isUse(Word word) {
        return word.text().length == 3 && word.role() == Role.SESSION;
    }

    static byte upper(byte c) {
        return c >= 'a' && c <= 'z' ? (byte) (c - 0x20) : c;
    }
}
