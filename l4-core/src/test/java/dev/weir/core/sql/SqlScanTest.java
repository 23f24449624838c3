package dev.weir.core.sql;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What policies are told of statements. A text column: keyword, then {@code reads}. */
class SqlScanTest {
    private final SqlScan scan = new SqlScan();

    private String of(String text, boolean multi, boolean cut) {
        byte[] bytes = text.replace("\\n", "\n").getBytes(StandardCharsets.UTF_8);
        scan.session(SqlMode.DEFAULT, true, multi);
        scan.scan(bytes, 0, bytes.length, cut);
        return scan.keyword() + (scan.readOnly() ? " reads" : "");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "SELECT 1 | SELECT reads",
                "  select a from t  | SELECT reads",
                "/* x */ -- y\\n # z\\n drop table t | DROP",
                "((SELECT 1) UNION (SELECT 2)) | SELECT reads",
                "; ;DELETE FROM t | DELETE",
                "SELECT 1; | SELECT reads",
                "SELECT 1; /* the end */ | SELECT reads",
                "SELECT ';' | SELECT reads",
                "SELECT a FROM t FOR UPDATE | SELECT",
                "SELECT a FROM t FOR SHARE | SELECT",
                "SELECT a FROM t LOCK IN SHARE MODE | SELECT",
                "SELECT a INTO OUTFILE '/x' FROM t | SELECT",
                "SELECT `into`, `for` FROM t | SELECT reads",
                "SELECT NEXTVAL(s) | SELECT",
                "SELECT 1 /*!50000 INTO OUTFILE '/x' */ | SELECT",
                "TABLE t | TABLE reads",
                "SHOW TABLES | SHOW reads",
                "EXPLAIN SELECT 1 | EXPLAIN reads",
                "EXPLAIN ANALYZE DELETE FROM t | EXPLAIN",
                "DESC t | DESC reads",
                "ANALYZE TABLE t | ANALYZE",
                "ANALYZE DELETE FROM t | _OTHER",
                "BEGIN | BEGIN reads",
                "BEGIN WORK; | BEGIN reads",
                "START TRANSACTION READ ONLY | START reads",
                "START REPLICA | START",
                "COMMIT | COMMIT reads",
                "SET NAMES utf8mb4 | SET reads",
                "SET autocommit = 1 | SET reads",
                "SET GLOBAL a = 1 | SET",
                "SET @@GLOBAL.a = 1 | SET",
                "SET PERSIST a = 1 | SET",
                "SET DEFAULT ROLE r TO u | SET",
                "USE `a``b` | USE reads",
                "WITH a AS (SELECT 1) SELECT * FROM a | SELECT reads",
                "WITH RECURSIVE a (x) AS (SELECT 1 UNION SELECT 2), b AS (SELECT 1) DELETE FROM t | DELETE",
                "CALL p() | CALL",
                "LOAD DATA LOCAL INFILE 'f' INTO TABLE t | LOAD",
                "FROBNICATE | _OTHER",
                "lbl: BEGIN NOT ATOMIC SELECT 1 | _OTHER",
                "1 | _OTHER",
                "`SELECT` 1 | _OTHER",
                "CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END | CREATE",
            })
    void tellsTheFirstKeyword(String text, String expected) {
        assertThat(of(text, false, false)).isEqualTo(expected);
    }

    /** Texts that try to look like something else. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "SELECT 1; DROP TABLE t | _OTHER",
                "SELECT 1 /*! ; DROP TABLE t */ | _OTHER",
                "SELECT 1;;DROP TABLE t | _OTHER",
                // What a server of another version leaves out.
                "/*!99999 SELECT 1 */ DROP TABLE t | _OTHER",
                "/*!99999 SELECT 1 */ /*!50000 DROP TABLE t */ | _OTHER",
                "/*!50000 /*!99999 SELECT */ DROP TABLE t */ | _OTHER",
                "/*!50000 DROP TABLE t */ | DROP",
                "/*!99999 */ DROP TABLE t | DROP",
                "/*M!100100 DROP TABLE t */ | DROP",
                "/* /*! SELECT 1 */ DROP TABLE t | DROP",
                // Statements in statements (MariaDB).
                "BEGIN NOT ATOMIC DROP TABLE t | _OTHER",
                "BEGIN NOT ATOMIC DROP TABLE t; END | _OTHER",
                "SET STATEMENT max_statement_time = 1 FOR DROP TABLE t | _OTHER",
                "SET /*!99999 x = 1, */ STATEMENT max_statement_time = 1 FOR DROP TABLE t | _OTHER",
                "ANALYZE /*!99999 TABLE */ DELETE FROM t | _OTHER",
                "WITH a AS (SELECT 1) /*!99999 SELECT 1 */ DELETE FROM t | _OTHER",
                // A hint may hold what looks like its end.
                "SELECT /*+ QB_NAME(`a */ 'x ` */ 1; DROP TABLE t; -- ' | _OTHER",
                "SELECT $$ ' $$; DROP TABLE t; -- ' | _OTHER",
                // With ANSI_QUOTES a backslash in double quotes is no escape.
                "SELECT \"\\\"; DROP TABLE t; -- \" | _OTHER",
                "SELECT '\\'; DROP TABLE t; -- ' | SELECT reads",
                // A server that leaves an executable comment out looks for its end alone.
                "/*!99999 SELECT ' */ DELETE FROM t /*' */ | _OTHER",
                "/*!99999 SELECT `a */ DELETE FROM t /*` */ | _OTHER",
                "/*!99999 SELECT @'a */ DELETE FROM t /*' */ | _OTHER",
                "/*!99999 SELECT 1 # */ DELETE FROM t /* \\n */ | _OTHER",
                "/*!99999 /*!1 SELECT */ ' */ DELETE FROM t /*' */ | _OTHER",
                "SELECT 1 /*!99999 ' */; DELETE FROM t /*' */ | _OTHER",
                // Only for some servers and character sets a comment begins here.
                "SELECT 1 --\u007f'\\n; DELETE FROM t --\u007f' | _OTHER",
                "WITH a AS (SELECT 1) --\u007fSELECT\\n DELETE FROM t | _OTHER",
            })
    void isNotFooled(String text, String expected) {
        assertThat(of(text, true, false)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"SELECT '\\'; DROP TABLE t; -- '", "SELECT @'\\'; DROP TABLE t; -- '"})
    void promisesNothingWhereItIsNotKnownWhatABackslashIs(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        scan.session(SqlMode.DEFAULT, false, true);
        scan.scan(bytes, 0, bytes.length, false);
        assertThat(scan.keyword()).isEqualTo(SqlScan.OTHER);

        scan.session(SqlMode.DEFAULT, false, false);
        scan.scan(bytes, 0, bytes.length, false);
        assertThat(scan.keyword()).isEqualTo("SELECT");
        assertThat(scan.readOnly()).isFalse();
    }

    /** Half of a character for one server, a backtick for the other. */
    @ParameterizedTest
    @ValueSource(strings = {"SELECT `\u0081`; DROP TABLE t; -- `"})
    void promisesNothingWhereItIsNotKnownWhatACharacterIs(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        scan.session(new SqlMode(false, false, SqlCharset.UNKNOWN), true, true);

        scan.scan(bytes, 0, bytes.length, false);

        assertThat(scan.keyword()).isEqualTo(SqlScan.OTHER);
    }

    @ParameterizedTest
    @CsvSource({
        "SELECT 1 FROM, true, _OTHER",
        "SELECT 1 FROM, false, SELECT",
        "INSERT INTO t, false, INSERT",
        "BEGIN, false, _OTHER",
        "SET, false, _OTHER",
        "/* longer, false, _OTHER",
        "/*!99999 SELECT 1, false, _OTHER",
        "WITH a AS (SELECT, false, _OTHER"
    })
    void promisesLittleOfTextsThatGoOn(String text, boolean multi, String expected) {
        assertThat(of(text, multi, true)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "COMMIT, true",
        "BEGIN, true",
        "START TRANSACTION, true",
        "USE a, true",
        "SET autocommit = 1, true",
        "SET NAMES utf8, true",
        "SET @a = (SELECT a FROM t), false",
        "SET @a = f(1), false",
        "SET GLOBAL a = 1, false",
        "SELECT 1, false",
        "COMMIT; SELECT 1, false"
    })
    void tellsWhatTouchesNoData(String text, boolean session) {
        of(text, true, false);

        assertThat(scan.session()).isEqualTo(session);
    }

    @ParameterizedTest
    @CsvSource({
        "SELECT 1, 0",
        "INSERT INTO t VALUES (1), 0",
        "DROP TABLE t, 0",
        "USE a, 3",
        "SET autocommit = 1, 1",
        "SET NAMES utf8, 5",
        "SET character_set_client = gbk, 5",
        "SET @@session.character_set_client = gbk, 5",
        "SET `character_set_client` = gbk, 5",
        "CALL p(), 5",
        "EXECUTE s, 7",
        "LOAD DATA INFILE 'f' INTO TABLE t, 1",
        "what, 7",
        "SELECT 1; SELECT 2, 1",
        "SELECT 1; USE a, 3",
        "SELECT 1; SET a = 1, 7",
        "SELECT 1; what, 7"
    })
    void tellsWhatMayChange(String text, int effects) {
        of(text, true, false);

        assertThat(scan.effects()).isEqualTo(effects);
    }

    @ParameterizedTest
    @CsvSource({"use a, a,", "USE `b``c`, b`c,", "SET NAMES 'gbk', , gbk", "SET NAMES utf8mb4 COLLATE x, , utf8mb4"})
    void tellsWhatItChangesTo(String text, String schema, String charset) {
        of(text, true, false);

        assertThat(scan.schema()).isEqualTo(schema);
        assertThat(scan.charset()).isEqualTo(charset);
    }

    @ParameterizedTest
    @ValueSource(strings = {"SELECT 1; USE a", "USE a; SELECT 1", "SET NAMES gbk, character_set_client = utf8"})
    void tellsNothingOfSeveralChanges(String text) {
        of(text, true, false);

        assertThat(scan.schema()).isNull();
        assertThat(scan.charset()).isNull();
    }
}
