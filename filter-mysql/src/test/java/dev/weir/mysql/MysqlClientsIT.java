package dev.weir.mysql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import dev.weir.core.exchange.Exchange;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Real clients on real servers through a Weir: statements, rows and errors are those that the server's own
 * performance_schema has for the same sessions.
 */
final class MysqlClientsIT {
    /** A trace context as a client sends it. */
    static final String TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    private static final Map<MysqlInstallation, MysqlServer> SERVERS = new EnumMap<>(MysqlInstallation.class);

    /** What the server calls the commands that are not {@code statement/sql/…}. */
    private static final Map<String, String> COMMANDS = Map.ofEntries(
            Map.entry("Prepare", "COM_STMT_PREPARE"),
            Map.entry("Execute", "COM_STMT_EXECUTE"),
            Map.entry("Bulk_execute", "COM_STMT_BULK_EXECUTE"),
            Map.entry("Fetch", "COM_STMT_FETCH"),
            Map.entry("Close stmt", "COM_STMT_CLOSE"),
            Map.entry("Reset stmt", "COM_STMT_RESET"),
            Map.entry("Reset Connection", "COM_RESET_CONNECTION"),
            Map.entry("Reset connection", "COM_RESET_CONNECTION"),
            Map.entry("Set option", "COM_SET_OPTION"),
            Map.entry("Init DB", "COM_INIT_DB"),
            Map.entry("Field List", "COM_FIELD_LIST"),
            Map.entry("Ping", "COM_PING"),
            Map.entry("Quit", "COM_QUIT"));

    static Stream<Arguments> pairs() {
        return MysqlClients.pairs();
    }

    @AfterAll
    static void stop() {
        SERVERS.values().forEach(MysqlServer::close);
        SERVERS.clear();
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("pairs")
    void countsWhatTheServerCounts(MysqlInstallation installation, MysqlClients.Client client) throws Exception {
        MysqlServer server = server(installation);
        Queue<Exchange> exchanges = new ConcurrentLinkedQueue<>();
        try (Connection root = server.connect();
                Statement statement = root.createStatement();
                Proxy proxy = proxy(server, exchanges)) {
            statement.execute("TRUNCATE TABLE performance_schema.events_statements_history_long");

            client.session().run(installation, proxy.address("db").port());
            awaitNoConnection(proxy);
            awaitNoSession(statement);

            List<Exchange> commands = exchanges.stream()
                    .filter(e -> !e.operation().name().equals("LOGIN"))
                    .toList();
            assertThat(new TreeMap<>(counted(commands))).isEqualTo(new TreeMap<>(served(statement, client.extra())));
            assertThat(commands).allSatisfy(e -> {
                assertThat(e.protocol).isEqualTo(installation.isMariadb() ? "mariadb" : "mysql");
                assertThat(e.user).isEqualTo(MysqlServer.USER);
            });
            assertThat(commands)
                    .filteredOn(e -> e.operation().name().equals("COM_QUERY"))
                    .isNotEmpty()
                    .allSatisfy(e -> assertThat(e.digest).isNotNull());
            assertThat(exchanges)
                    .filteredOn(e -> e.operation().name().equals("LOGIN"))
                    .hasSize(1)
                    .allSatisfy(e -> assertThat(e.status).isEqualTo(Exchange.Status.OK));
            if (client.name().endsWith("attributes")) {
                assertThat(commands)
                        .filteredOn(e -> e.trace != null)
                        .hasSize(1)
                        .allSatisfy(e ->
                                assertThat(Objects.requireNonNull(e.trace)).isEqualTo(TRACEPARENT.substring(3, 35)));
            }
        }
    }

    private static MysqlServer server(MysqlInstallation installation) throws Exception {
        MysqlServer server = SERVERS.get(installation);
        if (server == null) {
            server = MysqlServer.start(installation);
            SERVERS.put(installation, server);
        }
        return server;
    }

    /** A Weir before it that shows what it sees. */
    static Proxy proxy(MysqlServer server, Queue<Exchange> exchanges) {
        ProxyConfig config = ProxyConfig.of(Map.of(
                "event_loops",
                1,
                "listeners",
                List.of(Map.of(
                        "name",
                        "db",
                        "address",
                        "127.0.0.1:0",
                        "filters",
                        List.of(Map.of("type", "mysql_stats"), Map.of("type", "tcp_proxy", "cluster", "c")))),
                "clusters",
                List.of(Map.of("name", "c", "endpoints", List.of("127.0.0.1:" + server.port())))));
        return Proxy.builder()
                .sink(loop -> exchange -> {
                    Exchange copy = new Exchange();
                    copy.copyFrom(exchange);
                    exchanges.add(copy);
                })
                .start(config);
    }

    /** Until the server, too, is done with what clients said last. */
    private static void awaitNoSession(Statement statement) throws SQLException, InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (sessions(statement) > 0) {
            assertThat(System.nanoTime()).as("a session stays").isLessThan(end);
            Thread.sleep(5);
        }
    }

    private static int sessions(Statement statement) throws SQLException {
        try (ResultSet result = statement.executeQuery("SELECT COUNT(*) FROM performance_schema.threads"
                + " WHERE PROCESSLIST_USER = '" + MysqlServer.USER + "'")) {
            result.next();
            return result.getInt(1);
        }
    }

    static void awaitNoConnection(Proxy proxy) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (proxy.listeners().get(0).connectionsActive() > 0) {
            assertThat(System.nanoTime()).as("a connection stays").isLessThan(end);
            Thread.sleep(5);
        }
    }

    /** What was counted of one command. */
    private static final class Totals {
        private long calls;
        private long sent;
        private long affected;
        private final List<String> errors = new ArrayList<>();

        @Override
        public boolean equals(Object other) {
            return other instanceof Totals && other.toString().equals(toString());
        }

        @Override
        public int hashCode() {
            return toString().hashCode();
        }

        @Override
        public String toString() {
            return calls + " calls, " + sent + " rows sent, " + affected + " affected, errors "
                    + errors.stream().sorted().toList();
        }
    }

    private static Map<String, Totals> counted(List<Exchange> exchanges) {
        Map<String, Totals> counted = new TreeMap<>();
        for (Exchange exchange : exchanges) {
            Totals totals = counted.computeIfAbsent(exchange.operation().name(), name -> new Totals());
            totals.calls++;
            totals.sent += Math.max(0, exchange.rowsSent);
            totals.affected += Math.max(0, exchange.rowsAffected);
            if (exchange.error != null) {
                totals.errors.add(exchange.error);
            }
        }
        return counted;
    }

    private static Map<String, Totals> served(Statement statement, int extra) throws SQLException {
        Map<String, Totals> served = new TreeMap<>();
        List<String> names = new ArrayList<>();
        try (ResultSet events = statement.executeQuery("SELECT EVENT_NAME, ROWS_SENT, ROWS_AFFECTED, MYSQL_ERRNO"
                + " FROM performance_schema.events_statements_history_long WHERE NESTING_EVENT_LEVEL = 0"
                + " AND THREAD_ID <> (SELECT THREAD_ID FROM performance_schema.threads"
                + " WHERE PROCESSLIST_ID = CONNECTION_ID())")) {
            while (events.next()) {
                String name = events.getString(1);
                names.add(name.substring(name.lastIndexOf('/') + 1));
                String command = name.startsWith("statement/sql/") ? "COM_QUERY" : command(name);
                Totals totals = served.computeIfAbsent(command, any -> new Totals());
                totals.calls++;
                totals.sent += events.getLong(2);
                totals.affected += events.getLong(3);
                if (events.getInt(4) != 0) {
                    totals.errors.add(String.valueOf(events.getInt(4)));
                }
            }
        }
        served.get("COM_QUERY").calls -= extra;
        addUnseen(served, names);
        return served;
    }

    /**
     * Adds what performance_schema does not count: rows of the statements in a procedure and of OUT parameters, the row
     * of SHOW CREATE PROCEDURE, and what MariaDB's bulk statements change.
     */
    private static void addUnseen(Map<String, Totals> served, List<String> events) {
        boolean text = events.contains("call_procedure");
        Totals executed = served.get("COM_STMT_EXECUTE");
        if (text) {
            served.get("COM_QUERY").sent += MysqlClients.PROCEDURE_ROWS;
        } else if (executed != null) {
            executed.sent += MysqlClients.PROCEDURE_ROWS + 1;
        }
        if (events.contains("show_create_proc")) {
            served.get("COM_QUERY").sent++;
        }
        Totals bulk = served.get("COM_STMT_BULK_EXECUTE");
        if (bulk != null) {
            bulk.affected += MysqlClients.BATCH_INSERTS + (bulk.calls > 1 ? MysqlClients.BATCH_UPDATES : 0);
        }
    }

    private static String command(String event) {
        String name = event.substring(event.lastIndexOf('/') + 1);
        String known = COMMANDS.get(name);
        return known != null ? known : event.toLowerCase(Locale.ROOT);
    }
}
