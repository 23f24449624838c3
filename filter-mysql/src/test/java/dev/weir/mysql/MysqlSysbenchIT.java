package dev.weir.mysql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.core.Proxy;
import dev.weir.core.exchange.Exchange;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * sysbench through a Weir: every statement of it is seen, with the rows and errors that the server counts by digest, and as
 * often as its status says.
 */
final class MysqlSysbenchIT {
    private static final int PATIENCE_SECONDS = 180;
    /** What the server counts of what a client sends, by the command, and by the first word of the statement. */
    private static final Map<String, String> COUNTED = Map.of(
            "COM_STMT_PREPARE", "Com_stmt_prepare",
            "COM_STMT_EXECUTE", "Com_stmt_execute",
            "COM_STMT_CLOSE", "Com_stmt_close",
            "SELECT", "Com_select",
            "INSERT", "Com_insert",
            "UPDATE", "Com_update",
            "DELETE", "Com_delete",
            "BEGIN", "Com_begin",
            "COMMIT", "Com_commit");

    @TempDir
    Path folder;

    static List<MysqlInstallation> servers() {
        return MysqlInstallation.available();
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("servers")
    void countsWhatTheServerCounts(MysqlInstallation installation) throws Exception {
        boolean there = Files.isExecutable(Path.of("/usr/bin/sysbench"));
        if (!there) {
            System.out.println("SKIPPED-NEEDS: sysbench");
        }
        assumeTrue(there, "sysbench is not installed");
        Queue<Exchange> exchanges = new ConcurrentLinkedQueue<>();
        try (MysqlServer server = MysqlServer.start(installation);
                Connection root = server.connect();
                Statement statement = root.createStatement();
                Proxy proxy = MysqlClientsIT.proxy(server, exchanges)) {
            sysbench(server.port(), "oltp_read_write", "prepare");
            awaitAlone(statement);
            statement.execute("TRUNCATE TABLE performance_schema.events_statements_summary_by_digest");
            Map<String, Long> before = status(statement);

            int port = proxy.address("db").port();
            // One thread: several that count into one digest lose some of it (MySQL has no lock there).
            run(port, "oltp_read_write", "disable", 1);
            run(port, "oltp_point_select", "disable", 1);
            int texts = exchanges(proxy, exchanges).size();
            List<String> served = servedByDigest(statement);
            run(port, "oltp_read_only", "auto", 4);
            run(port, "oltp_read_write", "auto", 4);
            List<Exchange> all = exchanges(proxy, exchanges);
            awaitAlone(statement);
            Map<String, Long> after = status(statement);

            assertThat(countedByDigest(all.subList(0, texts))).isEqualTo(served).hasSizeGreaterThan(9);
            after.merge("Com_select", -1L, Long::sum); // our own look at the digests
            COUNTED.values().forEach(name -> after.merge(name, before.get(name), (now, then) -> now - then));
            assertThat(counted(all)).isEqualTo(after).containsKeys("Com_stmt_execute", "Com_select");
            assertThat(all)
                    .filteredOn(e -> e.status != Exchange.Status.NO_REPLY)
                    .allSatisfy(e -> assertThat(e.durationNanos).isPositive());
            assertThat(all).noneMatch(e -> e.status == Exchange.Status.ABORTED);
        }
    }

    private void run(int port, String script, String prepared, int threads) throws Exception {
        sysbench(port, script, "run", "--threads=" + threads, "--time=0", "--events=200", "--db-ps-mode=" + prepared);
    }

    private void sysbench(int port, String script, String what, String... options) throws Exception {
        List<String> command = new ArrayList<>(List.of("/usr/bin/sysbench", script, "--db-driver=mysql"));
        command.addAll(List.of("--mysql-host=127.0.0.1", "--mysql-port=" + port, "--mysql-user=root"));
        command.addAll(List.of("--mysql-db=" + MysqlServer.DATABASE, "--table-size=500"));
        command.addAll(List.of(options));
        command.add(what);
        Path log = folder.resolve("sysbench.log");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        boolean ended = process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
        process.destroyForcibly();
        assertThat(ended && process.exitValue() == 0).as(said(log)).isTrue();
    }

    private static String said(Path log) throws IOException {
        return Files.readString(log, StandardCharsets.ISO_8859_1);
    }

    private static List<Exchange> exchanges(Proxy proxy, Collection<Exchange> exchanges) throws InterruptedException {
        MysqlClientsIT.awaitNoConnection(proxy);
        return List.copyOf(exchanges);
    }

    /** Until no connection is left but this one; asks in a way that the status counts apart. */
    private static void awaitAlone(Statement statement) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (true) {
            try (ResultSet result = statement.executeQuery("SHOW GLOBAL STATUS LIKE 'Threads_connected'")) {
                result.next();
                if (result.getInt(2) == 1) {
                    return;
                }
            }
            assertThat(System.nanoTime()).as("a session stays").isLessThan(end);
            Thread.sleep(5);
        }
    }

    private static Map<String, Long> status(Statement statement) throws SQLException {
        Map<String, Long> status = new TreeMap<>();
        try (ResultSet result = statement.executeQuery("SHOW GLOBAL STATUS LIKE 'Com\\_%'")) {
            while (result.next()) {
                if (COUNTED.containsValue(result.getString(1))) {
                    status.put(result.getString(1), result.getLong(2));
                }
            }
        }
        return status;
    }

    private static Map<String, Long> counted(List<Exchange> exchanges) {
        Map<String, Long> counted = new TreeMap<>();
        COUNTED.values().forEach(name -> counted.put(name, 0L));
        for (Exchange e : exchanges) {
            for (String key : Set.of(e.operation().name(), e.sql == null ? "" : e.sql.verb())) {
                if (COUNTED.containsKey(key)) {
                    counted.merge(COUNTED.get(key), 1L, Long::sum);
                }
            }
        }
        return counted;
    }

    private static String line(long calls, long sent, long affected, long errors) {
        return String.format(
                Locale.ROOT, "%d calls, %d rows sent, %d affected, %d errors", calls, sent, affected, errors);
    }

    /** A line for each digest, without its text, which is written in another way. */
    private static List<String> servedByDigest(Statement statement) throws SQLException {
        List<String> lines = new ArrayList<>();
        try (ResultSet rows = statement.executeQuery("SELECT COUNT_STAR, SUM_ROWS_SENT, SUM_ROWS_AFFECTED, SUM_ERRORS"
                + " FROM performance_schema.events_statements_summary_by_digest"
                + " WHERE SCHEMA_NAME = '" + MysqlServer.DATABASE + "'")) {
            while (rows.next()) {
                lines.add(line(rows.getLong(1), rows.getLong(2), rows.getLong(3), rows.getLong(4)));
            }
        }
        return lines.stream().sorted().toList();
    }

    private static List<String> countedByDigest(List<Exchange> exchanges) {
        Map<String, long[]> byDigest = new TreeMap<>();
        for (Exchange e : exchanges) {
            if (e.sql != null) {
                long[] sums = byDigest.computeIfAbsent(e.sql.text(), text -> new long[4]);
                sums[0]++;
                sums[1] += Math.max(0, e.rowsSent);
                sums[2] += Math.max(0, e.rowsAffected);
                sums[3] += e.error == null ? 0 : 1;
            }
        }
        return byDigest.values().stream()
                .map(sums -> line(sums[0], sums[1], sums[2], sums[3]))
                .sorted()
                .toList();
    }
}
