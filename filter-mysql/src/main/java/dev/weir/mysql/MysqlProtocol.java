package dev.weir.mysql;

import dev.weir.core.cluster.Endpoint;
import dev.weir.core.compress.Inflaters;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.CommandFramer;
import dev.weir.core.protocol.CommandSet;
import dev.weir.core.protocol.Detection;
import dev.weir.core.protocol.Protocol;
import dev.weir.core.protocol.Refusal;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.sql.SqlNormalizer;
import dev.weir.core.sql.SqlScan;
import io.micrometer.core.instrument.Counter;
import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/** MySQL and MariaDB. */
public final class MysqlProtocol implements Protocol {
    private static final int MAX_STATEMENT = 16 << 10;
    private static final int MAX_PENDING = 4_096;
    private static final int MAX_PREPARED = 1_024;

    /** For the service loader. */
    public MysqlProtocol() {}

    @Override
    public String name() {
        return "mysql";
    }

    @Override
    public List<String> aliases() {
        return List.of("mariadb");
    }

    @Override
    public String statsFilter() {
        return "mysql_stats";
    }

    @Override
    public int defaultPort() {
        return 3306;
    }

    @Override
    public PerLoop<Sniffer> sniffer(ConfigNode config, FilterEnvironment environment) {
        // Keys are values of statements here, which are shown or not.
        config.bool("keys", false);
        Loop.Settings settings = new Loop.Settings(
                config.bool("statements", false),
                config.bool("error_messages", false),
                (int) config.size("max_statement", MAX_STATEMENT),
                (int) config.integer("max_pending", MAX_PENDING, 16, 1 << 16),
                (int) config.integer("max_prepared", MAX_PREPARED, 0, 1 << 16));
        boolean keepNull = config.bool("keep_null", false);
        config.rejectUnknown();
        if (settings.maxStatement() < 256 || settings.maxStatement() > 1 << 20) {
            config.error("max_statement", settings.maxStatement() + " bytes (expected: 256 bytes to 1MiB)");
        }
        Loop.Counters counters = new Loop.Counters(
                counter(environment, "weir_mysql_lossy", "Times a connection was not followed for lack of an inflater"),
                counter(environment, "weir_mysql_unsolicited", "Errors a server sent though nothing was asked"),
                counter(
                        environment,
                        "weir_mysql_unknown_statements",
                        "Executions of statements not seen being prepared"));
        AtomicLong statements = new AtomicLong();
        return loop -> {
            SqlNormalizer normalizer = new SqlNormalizer(keepNull, SqlNormalizer.DEFAULT_MAX_TEXT);
            Loop shared = new Loop(settings, counters, loop.inflaters(), normalizer, statements);
            return connection -> new MysqlSniffer(shared, connection);
        };
    }

    private static Counter counter(FilterEnvironment environment, String name, String description) {
        return Counter.builder(name)
                .description(description)
                .tag("listener", environment.listener())
                .register(environment.meters());
    }

    /**
     * After the lists of errors of MySQL and MariaDB. Limits of one user (1203, 1226) and ended connections (1317, 1927) say nothing of the
     * server; 1792 is the client's own transaction; 1047 is Galera's "not yet prepared", but also any command a client makes up.
     */
    @Override
    public Endpoint.Outcome outcome(String error) {
        return switch (error) {
            case "1040", // too many connections
                    "1053", // the server shuts down
                    "1129", // this host is blocked after errors
                    "1130", // this host may not connect
                    "1135", // no thread for the connection
                    "3032" // offline mode
            -> Endpoint.Outcome.FAILURE;
            case "1290", // --read-only
                    "1836" // read-only mode
            -> Endpoint.Outcome.WRONG_ROLE;
            default -> Endpoint.Outcome.SUCCESS;
        };
    }

    @Override
    public CommandSet commands() {
        Map<Refusal, String> codes = Map.of(
                Refusal.DENIED, Integer.toString(GateErrors.DENIED),
                Refusal.RATE_LIMITED, "1226", // ER_USER_LIMIT_REACHED
                Refusal.FAULT, Integer.toString(GateErrors.GENERAL));
        return new CommandSet(Commands.names(), SqlScan.keywords(), true, codes);
    }

    @Override
    public CommandFramer framer(Connection connection, Inflaters inflaters) {
        return new MysqlFramer(connection, inflaters);
    }

    @Override
    public Detection detect(Direction direction, ByteBuf first) {
        return MysqlDetection.detect(direction, first);
    }
}
