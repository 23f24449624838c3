package dev.weir.mysql;

import static dev.weir.mysql.Talk.bytes;
import static dev.weir.mysql.Talk.column;
import static dev.weir.mysql.Talk.eof;
import static dev.weir.mysql.Talk.error;
import static dev.weir.mysql.Talk.last;
import static dev.weir.mysql.Talk.ok;
import static dev.weir.mysql.Talk.query;

import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.SnifferContract;
import dev.weir.core.testkit.WireScript;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The recorded conversations in {@code wire/} and some that no server holds on demand, under the contract of all sniffers. */
final class MysqlSnifferTest extends SnifferContract {
    private static final MysqlProtocol PROTOCOL = new MysqlProtocol();
    private static final long OLD = Talk.CAN;
    private static final long NEW = Talk.CAN | Talk.DEPRECATE_EOF;

    @Override
    protected PerLoop.PerConnection<Sniffer> sniffers() {
        return new FakeEnvironment().sniffers(PROTOCOL, Map.of());
    }

    /** 4 KiB, what each command that waits takes, and the head of a statement that comes in pieces. */
    @Override
    protected long bound(WireScript conversation) {
        int longest = conversation.bursts().stream()
                .mapToInt(burst -> burst.bytes().length)
                .max()
                .orElse(0);
        return 4096 + 512L * conversation.expected().size() + Math.min(longest, 32 << 10);
    }

    @Override
    protected List<WireScript> conversations() {
        List<WireScript> all = new ArrayList<>(recorded());
        all.add(plain());
        all.add(withoutEof());
        all.add(prepared());
        all.add(cursor());
        all.add(file());
        all.add(pipelined());
        all.add(mariadb());
        all.add(compressed());
        all.add(refused());
        all.add(tlsElsewhere());
        all.add(joinedLate());
        all.add(changes());
        return all;
    }

    static List<WireScript> recorded() {
        URL folder = MysqlSnifferTest.class.getResource("/wire");
        if (folder == null) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(Path.of(folder.toURI()))) {
            return files.map(file -> file.getFileName().toString().replace(".txt", ""))
                    .sorted()
                    .map(name -> WireScript.load(MysqlSnifferTest.class, name))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Talk.Bytes row(String... values) {
        Talk.Bytes row = bytes();
        for (String value : values) {
            row.lenenc(value);
        }
        return row;
    }

    private static WireScript plain() {
        return new Talk()
                .login(OLD, "8.0.36")
                .expect("LOGIN | status=ok user=ann app=shop namespace=orders server_version=8.0.36"
                        + " server_version=8.0.36 auth_plugin=caching_sha2_password duration_us=10 response_bytes=89")
                .client(query("SELECT a FROM t WHERE id = 7"))
                .server(bytes().u1(1))
                .server(column("a"))
                .server(eof(0x22))
                .server(row("x"))
                .server(bytes().u1(0xfb))
                .server(row("y"))
                .server(eof(0x22))
                .expect(
                        "COM_QUERY | status=ok rows=3 rows_sent=3 rows_affected=- no_index=true target=t"
                                + " namespace=orders user=ann first_byte_us=10 duration_us=70 request_bytes=33 response_bytes=67")
                .client(query("select a from t; update t set a = 1"))
                .server(bytes().u1(1))
                .server(column("a"))
                .server(eof(0x0a))
                .server(eof(0x0a))
                .server(ok(5, 2))
                .expect("COM_QUERY | status=ok rows=5 rows_sent=0 rows_affected=5")
                .client(query("select a from t"))
                .server(bytes().u1(1))
                .server(column("a"))
                .server(eof(2))
                .server(row("x"))
                .server(error(1317, "70100", "Query execution was interrupted"))
                .expect("COM_QUERY | status=error error=1317 sqlstate=70100 rows=1 message=-")
                .client(bytes().u1(9))
                .server(bytes().text("Uptime: 5"))
                .expect("COM_STATISTICS | status=ok rows=-")
                .client(bytes().u1(4).zero("t"))
                .server(column("a"))
                .server(column("b"))
                .server(eof(2))
                .expect("COM_FIELD_LIST | status=ok rows=-")
                .client(bytes().u1(0x50))
                .server(error(1047, "08S01", "Unknown command"))
                .expect("_OTHER | status=error error=1047")
                .client(bytes().u1(0x1b).u2(0))
                .server(eof(2))
                .expect("COM_SET_OPTION | status=ok")
                .client(bytes().u1(1))
                .expect("COM_QUIT | status=no_reply response_bytes=- by=-")
                .script("plain");
    }

    private static WireScript withoutEof() {
        Talk talk = new Talk()
                .login(NEW, "8.0.36")
                .expect("LOGIN | status=ok")
                .client(query("SELECT 1"))
                .server(bytes().u1(1))
                .server(column("1"))
                .server(last(2))
                .expect("COM_QUERY | rows=0 rows_sent=0 no_index=-")
                .client(query("CALL p()"))
                .server(bytes().u1(1))
                .server(column("a"))
                .server(row("1"))
                .server(last(0x0a))
                .server(bytes().u1(1))
                .server(column("b"))
                .server(row("1"))
                .server(row("2"))
                .server(last(0x0a))
                .server(ok(0, 2))
                .expect("COM_QUERY | rows=3 rows_sent=3 rows_affected=0")
                .client(query("SELECT SLEEP(1)"))
                .server(bytes().u1(1))
                .server(column("a"))
                .server(row("0"))
                .server(last(2))
                .expect("COM_QUERY | rows=1 wait=true")
                .client(query("SELECT 2"));
        return talk.expect("COM_QUERY | status=no_reply").script("without-eof");
    }

    private static Talk.Bytes prepareOk(int id, int columns, int parameters) {
        return bytes().u1(0).u4(id).u2(columns).u2(parameters).u1(0).u2(0);
    }

    private static Talk.Bytes execute(int id, int flags) {
        return bytes().u1(0x17).u4(id).u1(flags).u4(1);
    }

    private static WireScript prepared() {
        return new Talk()
                .login(OLD, "8.0.36")
                .expect("LOGIN | status=ok")
                .client(bytes().u1(0x16).text("SELECT a FROM t WHERE id = ?"))
                .server(prepareOk(1, 1, 1))
                .server(column("?"))
                .server(eof(2))
                .server(column("a"))
                .server(eof(2))
                .expect("COM_STMT_PREPARE | status=ok target=t rows=-")
                .client(execute(1, 0).u1(0, 1, 8, 0).fill(8, 1))
                .server(bytes().u1(1))
                .server(column("a"))
                .server(eof(2))
                .server(bytes().u1(0, 0).lenenc("x"))
                .server(eof(2))
                .expect("COM_STMT_EXECUTE | status=ok target=t rows=1 prepared=-")
                .client(bytes().u1(0x18).u4(1).u2(0).fill(2000, 'z'))
                .expect("COM_STMT_SEND_LONG_DATA | status=no_reply target=t")
                .client(bytes().u1(0x19).u4(1))
                .expect("COM_STMT_CLOSE | status=no_reply target=t")
                .client(execute(1, 0).u1(0, 1, 8, 0).fill(8, 1))
                .server(error(1243, "HY000", "Unknown prepared statement handler"))
                .expect("COM_STMT_EXECUTE | status=error error=1243 prepared=unknown digest=-")
                .client(bytes().u1(0x16).text("DO 1"))
                .server(prepareOk(2, 0, 0))
                .expect("COM_STMT_PREPARE | status=ok")
                .client(bytes().u1(0x1f))
                .server(ok(0, 2))
                .expect("COM_RESET_CONNECTION | status=ok rows=-")
                .client(execute(2, 0))
                .server(error(1243, "HY000", "Unknown prepared statement handler"))
                .expect("COM_STMT_EXECUTE | status=error prepared=unknown")
                .script("prepared");
    }

    private static WireScript cursor() {
        return new Talk()
                .login(NEW, "8.0.36")
                .expect("LOGIN | status=ok")
                .client(bytes().u1(0x16).text("SELECT a FROM t"))
                .server(prepareOk(1, 1, 0))
                .server(column("a"))
                .expect("COM_STMT_PREPARE | status=ok")
                .client(execute(1, 1))
                .server(bytes().u1(1))
                .server(column("a"))
                .server(last(0x42))
                .expect("COM_STMT_EXECUTE | rows=0 target=t")
                .client(bytes().u1(0x1c).u4(1).u4(2))
                .server(bytes().u1(0, 0, 1, 'x'))
                .server(bytes().u1(0, 0, 1, 'y'))
                .server(last(0x42))
                .expect("COM_STMT_FETCH | rows=2 target=t")
                .client(bytes().u1(0x1c).u4(1).u4(2))
                .server(last(0x82))
                .expect("COM_STMT_FETCH | rows=0 target=t")
                .login(OLD, "unused")
                .stops("gave_up:unsolicited")
                .script("cursor");
    }

    private static WireScript file() {
        return new Talk()
                .login(OLD, "8.0.36")
                .expect("LOGIN | status=ok")
                .client(query("LOAD DATA LOCAL INFILE 'f' INTO TABLE t"))
                .server(bytes().u1(0xfb).text("f"))
                .more(bytes().u1(3).text("not a statement\n"))
                .more(bytes().text("1\n"))
                .more(bytes())
                .server(ok(2, 2))
                .expect("COM_QUERY | status=ok rows=2 request_bytes=75 duration_us=10 target=t")
                .client(bytes().u1(0x0e))
                .server(ok(0, 2))
                .expect("COM_PING | status=ok")
                .script("file");
    }

    /** As MariaDB's connector does: the statement prepared last is number -1. */
    private static WireScript pipelined() {
        byte[] both = bytes().raw(Talk.packet(
                        0, bytes().u1(0x16).text("INSERT INTO t VALUES (?)").done()))
                .raw(Talk.packet(0, execute(-1, 0).u1(0, 1, 3, 0, 1, 0, 0, 0).done()))
                .raw(Talk.packet(0, bytes().u1(0x19).u4(-1).done()))
                .raw(Talk.packet(0, query("SELECT 1").done()))
                .done();
        byte[] answers = bytes().raw(Talk.packet(1, prepareOk(9, 0, 1).done()))
                .raw(Talk.packet(2, column("?").done()))
                .raw(Talk.packet(1, ok(1, 2).done()))
                .raw(Talk.packet(1, error(1064, "42000", "no").done()))
                .done();
        return new Talk()
                .login(NEW & ~1L, "11.4.5-MariaDB")
                .expect("LOGIN | status=ok")
                .burst("C", both)
                .expect("COM_STMT_CLOSE | status=no_reply target=t")
                .burst("S", answers)
                .expect("COM_STMT_PREPARE | status=ok target=t queue_us=0")
                .expect("COM_STMT_EXECUTE | status=ok rows=1 target=t queue_us=10")
                .expect("COM_QUERY | status=error error=1064 queue_us=10")
                .script("pipelined");
    }

    /** Extended capabilities, progress reports, a result set without definitions. */
    private static WireScript mariadb() {
        long can = NEW & ~1L | 1L << 32 | 1L << 36;
        return new Talk()
                .login(can, "5.5.5-10.11.6-MariaDB")
                .expect("LOGIN | status=ok server_version=10.11.6-MariaDB")
                .client(query("ALTER TABLE t ENGINE = InnoDB"))
                .server(bytes().u1(0xff).u2(0xffff).u1(1, 1, 2, 0, 0, 0).lenenc("copy to tmp table"))
                .server(bytes().u1(0xff).u2(0xffff).u1(1, 2, 2, 0, 0, 0).lenenc("copy to tmp table"))
                .server(ok(0, 2))
                .expect("COM_QUERY | status=ok first_byte_us=30 duration_us=30")
                .client(query("SELECT a, b FROM t"))
                .server(bytes().u1(2, 0))
                .server(row("1", "2"))
                .server(last(2))
                .expect("COM_QUERY | rows=1 target=t")
                .script("mariadb");
    }

    private static WireScript compressed() {
        byte[] asked = Talk.packet(0, query("SELECT a FROM t").done());
        byte[] answer = bytes().raw(Talk.packet(1, bytes().u1(1).done()))
                .raw(Talk.packet(2, column("a").done()))
                .raw(Talk.packet(3, row("x".repeat(200)).done()))
                .raw(Talk.packet(4, row("y".repeat(200)).done()))
                .raw(Talk.packet(5, last(2).done()))
                .done();
        int cut = 100;
        return new Talk()
                .login(NEW | Capability.COMPRESS | Capability.ZSTD, "8.0.36")
                .expect("LOGIN | status=ok")
                .burst("C", Talk.frame(0, asked, 0))
                .burst("S", Talk.deflated(1, Arrays.copyOf(answer, cut)))
                .burst("S", Talk.deflated(2, Arrays.copyOfRange(answer, cut, answer.length)))
                .expect("COM_QUERY | status=ok rows=2 target=t request_bytes=27")
                .burst("C", Talk.deflated(0, Talk.packet(0, bytes().u1(0x0e).done())))
                .burst("S", Talk.frame(1, Talk.packet(1, ok(0, 2).done()), 0))
                .expect("COM_PING | status=ok response_bytes=18")
                .burst("C", Talk.frame(0, new byte[] {1, 2, 3}, 100))
                .stops("gave_up:compression")
                .script("compressed");
    }

    /** TLS is begun beyond the sniffer, after it has been asked for in its sight. */
    private static WireScript tlsElsewhere() {
        return new Talk()
                .greeting(OLD | Capability.SSL, "8.0.36")
                .more(bytes().u4(OLD | Capability.SSL).u4(1 << 24).u1(255).fill(23, 0))
                .response(OLD | Capability.SSL)
                .server(ok(0, 2))
                .expect("LOGIN | status=ok user=ann app=shop namespace=orders server_version=8.0.36")
                .client(query("DO 1"))
                .server(ok(0, 2))
                .expect("COM_QUERY | status=ok")
                .script("tlsElsewhere");
    }

    private static WireScript refused() {
        return new Talk()
                .server(bytes().u1(0xff).u2(1040).text("Too many connections"))
                .expect("LOGIN | status=error error=1040 sqlstate=- request_bytes=0 user=-")
                .script("refused");
    }

    /** Neither capabilities nor statements are known. */
    private static WireScript joinedLate() {
        return new Talk()
                .client(query("SELECT a FROM t"))
                .server(bytes().u1(1))
                .server(column("a"))
                .server(row("x"))
                .server(last(2))
                .expect("COM_QUERY | rows=1 target=t namespace=-")
                .client(bytes().u1(3, 0, 1).text("SELECT b FROM t"))
                .server(bytes().u1(1))
                .server(column("a"))
                .server(last(2))
                .expect("COM_QUERY | rows=0 target=t")
                .client(execute(5, 0))
                .server(ok(1, 2))
                .expect("COM_STMT_EXECUTE | status=ok rows=1 prepared=unknown")
                .script("joined-late");
    }

    /** Schema, transactions, session tracking. */
    private static WireScript changes() {
        Talk.Bytes tracked =
                bytes().u1(0, 0, 0).u2(0x4002).u2(0).lenenc("").u1(7, 1, 5).lenenc("shop");
        return new Talk()
                .login(NEW, "8.0.36")
                .expect("LOGIN | namespace=orders")
                .client(query("USE `other`"))
                .server(ok(0, 2))
                .expect("COM_QUERY | namespace=other")
                .client(query("USE shop"))
                .server(tracked)
                .expect("COM_QUERY | namespace=shop")
                .client(query("use nope"))
                .server(error(1049, "42000", "Unknown database"))
                .expect("COM_QUERY | namespace=shop error=1049")
                .client(bytes().u1(2).text("third"))
                .server(ok(0, 2))
                .expect("COM_INIT_DB | namespace=third")
                .client(query("BEGIN"))
                .server(ok(0, 3))
                .expect("COM_QUERY | in_transaction=true transaction=-")
                .client(query("UPDATE t SET a = 1"))
                .server(ok(3, 3))
                .expect("COM_QUERY | rows=3 in_transaction=true transaction=-")
                .client(query("COMMIT"))
                .server(ok(0, 2))
                .expect(
                        "COM_QUERY | transaction=commit transaction_us=50 transaction_idle_us=20 batch=1 in_transaction=-")
                .client(bytes().u1(0x11)
                        .zero("bob")
                        .u1(2, 'x', 'y')
                        .zero("theirs")
                        .u2(255)
                        .zero("caching_sha2_password"))
                .server(bytes().u1(0xfe).zero("other_plugin").text("scramble"))
                .more(bytes().text("secret"))
                .server(bytes().u1(1, 3))
                .server(ok(0, 2))
                .expect("COM_CHANGE_USER | status=ok user=bob namespace=theirs auth_plugin=other_plugin")
                .client(query("SELECT 1"))
                .server(error(1064, "42000", "no"))
                .expect("COM_QUERY | user=bob namespace=theirs")
                .script("changes");
    }
}
