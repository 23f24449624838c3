package dev.weir.core.sql;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Characters of two bytes whose second one is a backslash or backtick; what they mean was asked of MySQL 9.7 and MariaDB. */
class SqlCharsetTest {
    private final SqlNormalizer normalizer = new SqlNormalizer();

    /** Bytes of {@code sql}, where {@code <d55c>} are two. */
    private static byte[] bytes(String sql) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < sql.length(); i++) {
            int close = sql.charAt(i) == '<' ? sql.indexOf('>', i) : -1;
            if (close < 0) {
                text.append(sql.charAt(i));
            } else {
                byte[] raw = HexFormat.of().parseHex(sql, i + 1, close);
                text.append(new String(raw, StandardCharsets.ISO_8859_1));
                i = close;
            }
        }
        return text.toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    private SqlStatement read(String sql, SqlMode mode) {
        byte[] bytes = bytes(sql);
        normalizer.normalize(bytes, 0, bytes.length, mode, false);
        return normalizer.statement();
    }

    private static SqlMode in(SqlCharset charset) {
        return new SqlMode(false, false, charset);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '^',
            value = {
                "GBK ~ SELECT '<d55c>', 'geheim' ~ SELECT ?",
                "GBK ~ SELECT '<855c>', 'geheim' ~ SELECT ?",
                "GBK ~ SELECT '<fe5c>', 'geheim' ~ SELECT ?",
                "GBK ~ SELECT '<d5d5>\\', geheim' ~ SELECT ?",
                "GBK ~ SELECT '<81>', 'geheim' ~ SELECT ?",
                "GBK ~ SELECT '\\<d55c>', geheim' ~ SELECT ?",
                "GBK ~ SELECT a FROM t WHERE b IN ('<d55c>', 'x') AND c = 'geheim' ~ SELECT a FROM t WHERE b IN (?) AND c = ?",
                "GBK ~ INSERT INTO t VALUES (1, '<d55c>'), (2, '<d55c>'), (3, 'geheim') ~ INSERT INTO t VALUES (?)",
                "GBK ~ SELECT '<81308130>\\', geheim' ~ SELECT ?",
                "GBK ~ SELECT _gbk'<d55c>', N'<d55c>', 'geheim' ~ SELECT ?",
                "GBK ~ SELECT @`<d560>`, 'geheim' ~ SELECT @?, ?",
                "GBK ~ SET PASSWORD FOR '<d55c>'@'<d55c>' = 'geheim' ~ SET PASSWORD FOR ? = ?",
                "BIG5 ~ SELECT '<d55c>', 'geheim' ~ SELECT ?",
                "BIG5 ~ SELECT '<855c>', geheim' ~ SELECT ?",
                "BIG5 ~ SELECT '<fe5c>', geheim' ~ SELECT ?",
                "BIG5 ~ SELECT '<81>', 'geheim' ~ SELECT ?",
                "SJIS ~ SELECT '<855c>', 'geheim' ~ SELECT ?",
                "SJIS ~ SELECT '<d55c>', geheim' ~ SELECT ?",
                "SJIS ~ SELECT '<fc5c>', 'geheim' ~ SELECT ?",
                "SJIS ~ SELECT '<fe5c>', geheim' ~ SELECT ?",
                "SJIS ~ SELECT '<e0>', 'geheim' ~ SELECT ?",
                "PLAIN ~ SELECT '<d55c>', geheim' ~ SELECT ?",
                "PLAIN ~ SELECT '<c3a95c>', geheim' ~ SELECT ?",
            })
    void stringsEndWhereTheServersSay(SqlCharset charset, String sql, String digest) {
        SqlStatement statement = read(sql, in(charset));

        assertThat(statement.text()).isEqualTo(digest);
        assertThat(statement.sample()).doesNotContain("geheim");
        assertThat(statement.truncated()).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '^',
            value = {
                "GBK ~ SELECT 1 AS `<d560>`, 'geheim'",
                "GBK ~ SELECT 1 AS <d560>, 'geheim'",
                "GBK ~ SELECT 1 AS <d55c>, 'geheim'",
                "GBK ~ SELECT 1 AS <d540>, 'geheim'",
                "GBK ~ SELECT 1 AS 1a<d560>, 'geheim'",
                "BIG5 ~ SELECT 1 AS `<81>`, 'geheim'",
                "BIG5 ~ SELECT 1 AS <d560>, 'geheim'",
                "SJIS ~ SELECT 1 AS `<8160>`, 'geheim'",
            })
    void namesEndWhereTheServersSay(SqlCharset charset, String sql) {
        SqlStatement statement = read(sql, in(charset));

        assertThat(statement.text()).startsWith("SELECT ? AS ").endsWith(", ?");
        assertThat(statement.sample()).endsWith(", ?").doesNotContain("geheim");
    }

    /** Double quotes of names: a quote is never half of a character. */
    @ParameterizedTest
    @EnumSource(
            value = SqlCharset.class,
            names = {"GBK", "BIG5", "UNKNOWN"})
    void quotesAreNoHalves(SqlCharset charset) {
        SqlStatement statement = read("SELECT 1 AS \"a<d5>\", 'geheim'", new SqlMode(true, false, charset));

        assertThat(statement.sample()).endsWith(", ?").doesNotContain("geheim");
    }

    /** Whatever of them it is, no value shows. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '^',
            value = {
                "SELECT '<d55c>', 'geheim'",
                "SELECT '<d55c>', geheim'",
                "SELECT 1 AS `<d560>`, 'geheim'",
                "SELECT 1 AS `<d560>, 'a', `geheim'",
                "SELECT 1 AS <d560>, 'geheim'",
                "SELECT 1 AS <d540>'geheim'",
                "SELECT @<d560>, 'geheim'",
                "SELECT @`<d560>`, 'geheim'",
                "SELECT `a` FROM t WHERE b IN ('<d55c>', 'geheim', \"geheim\")",
            })
    void doubtHides(String sql) {
        SqlStatement statement = read(sql, in(SqlCharset.UNKNOWN));

        assertThat(statement.text() + statement.sample() + statement.summary() + statement.tables())
                .doesNotContain("geheim");
        assertThat(statement.truncated()).isTrue();
        assertThat(statement.text()).startsWith("SELECT ");
    }

    /** Statements without such characters are read the same in all character sets. */
    @ParameterizedTest
    @EnumSource(SqlCharset.class)
    void changesNothingElse(SqlCharset charset) {
        for (Corpus.Case c : Corpus.read("digests.txt")) {
            byte[] sql = c.sql().getBytes(StandardCharsets.US_ASCII);
            normalizer.normalize(sql, 0, sql.length, c.mode(), false);
            long id = normalizer.id();

            SqlMode mode = new SqlMode(c.mode().ansiQuotes(), c.mode().noBackslashEscapes(), charset);
            normalizer.normalize(sql, 0, sql.length, mode, false);

            assertThat(normalizer.id()).as(c.sql()).isEqualTo(id);
        }
    }

    /** Every character of Java's own decoders, between quotes, is one value: they know nothing of SQL. */
    @ParameterizedTest
    @CsvSource({"GBK, GBK", "GB18030, GBK", "Big5, BIG5", "Shift_JIS, SJIS", "windows-31j, SJIS"})
    void charactersOfTwoBytesAreWhole(String java, SqlCharset charset) {
        Random random = new Random(5);
        Charset encoding = Charset.forName(java);
        int backslashes = 0;
        for (char c = 0x80; c < 0xd800; c++) {
            byte[] encoded = String.valueOf(c).getBytes(encoding);
            if (encoded.length != 2 || (encoded[0] & 0xff) < 0x81) {
                continue;
            }
            backslashes += encoded[1] == '\\' ? 1 : 0;
            char filler = (char) ('a' + random.nextInt(26));
            byte[] sql = ("SELECT '" + filler + c + "', 'geheim', `" + c + "`, 'geheim'").getBytes(encoding);

            normalizer.normalize(sql, 0, sql.length, in(charset), false);

            assertThat(normalizer.statement().sample())
                    .startsWith("SELECT ?, ?, ")
                    .endsWith(", ?");
        }
        assertThat(backslashes).isPositive();
    }

    @Test
    void whatIsCutWithinACharacterIsNoError() {
        for (SqlCharset charset : SqlCharset.values()) {
            assertThat(read("SELECT '<d5>", in(charset)).text()).isEqualTo("SELECT ? ...");
            assertThat(read("SELECT a, '\\", in(charset)).text()).isEqualTo("SELECT a, ? ...");
        }
    }
}
