package dev.weir.mysql;

import dev.weir.core.sql.SqlCharset;
import dev.weir.core.sql.SqlMode;
import dev.weir.core.sql.SqlNormalizer;
import dev.weir.core.sql.SqlStatement;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * What Jazzer runs on the lexer and the digests alone: any bytes, in any mode. Nothing is thrown, nothing is larger than
 * allowed, and what was read before changes nothing.
 */
public final class SqlFuzz {
    private static final int MOST = 1_024;
    private static final int RESTART = 64;
    private static final List<String> SEEDS = List.of(
            "SELECT a, `b c`, \"d\" FROM t AS u JOIN v USING (id) WHERE id IN (1, -2, 0x1F, b'1', 1.5e-3) LIMIT 5, 10",
            "INSERT INTO t (a, b) VALUES (1, 'x''y\\\\'), (NULL, N'z') ON DUPLICATE KEY UPDATE a = VALUES(a)",
            "/* traceparent='00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' */ UPDATE t SET a = a + 1 -- end",
            "SELECT /*+ MAX_EXECUTION_TIME(1000) */ 1 /*!80000 , 2 */ /*M!100000 , 3 */ # end",
            "WITH RECURSIVE c AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT * FROM c; DELETE FROM t; USE `x``y`",
            "SET @a := 'x', @@session.sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES'), NAMES gbk COLLATE gbk_bin",
            "CREATE USER 'a'@'%' IDENTIFIED BY 'secret' REQUIRE SSL",
            "SELECT _latin1 'a' 'b', x'00', TRUE IS NOT NULL, ?, @'v', INTERVAL 1 DAY, j->>'$.a' FROM d.t PARTITION (p0)");

    private static SqlNormalizer shared = new SqlNormalizer(false, MOST);
    private static int runs;

    private SqlFuzz() {}

    /** One run. The first byte chooses the mode; the rest is the statement. */
    public static void fuzzerTestOneInput(byte[] data) {
        if (data.length == 0) {
            return;
        }
        int bits = data[0] & 0xff;
        SqlCharset[] charsets = SqlCharset.values();
        SqlMode mode = new SqlMode((bits & 1) != 0, (bits & 2) != 0, charsets[(bits >> 3) % charsets.length]);
        boolean cut = (bits & 4) != 0;
        byte[] sql = Arrays.copyOfRange(data, 1, data.length);
        if (runs++ % RESTART == 0) {
            shared = new SqlNormalizer(false, MOST);
        }
        // Twice: the second time it may know the shape of it.
        shared.normalize(sql, 0, sql.length, mode, cut);
        shared.normalize(sql, 0, sql.length, mode, cut);
        long id = shared.id();
        SqlStatement known = shared.statement();
        SqlNormalizer fresh = new SqlNormalizer(false, MOST);
        fresh.normalize(data, 1, sql.length, mode, cut);
        SqlStatement first = fresh.statement();
        check(id == fresh.id() && first.id() == id, "another id");
        check(known.text().equals(first.text()), "another text");
        check(known.summary().equals(first.summary()), "another summary");
        check(known.truncated() == first.truncated(), "truncated or not");
        check(bytes(first.text()) <= 3 * (MOST + 16), "a text that is too long");
        check(bytes(first.summary()) <= 3 * 255, "a summary that is too long");
        check(bytes(first.sample()) <= 3 * 512, "a sample that is too long");
    }

    /** What is no UTF-8 takes three bytes for one. */
    private static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalStateException(otherwise);
        }
    }

    /** Writes statements as inputs to begin with. */
    static void seeds(Path folder) throws IOException {
        for (int i = 0; i < SEEDS.size(); i++) {
            Files.writeString(folder.resolve("seed-" + i), (char) ('@' + i) + SEEDS.get(i));
        }
    }
}
