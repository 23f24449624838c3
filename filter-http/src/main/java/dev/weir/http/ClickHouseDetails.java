package dev.weir.http;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Operation;
import dev.weir.core.exchange.Operations;
import dev.weir.core.sql.SqlCharset;
import dev.weir.core.sql.SqlMode;
import dev.weir.core.sql.SqlStatement;
import dev.weir.http.ObservationSettings.Bodies;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.util.AsciiString;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One statement for ClickHouse: in the parameter {@code query}, or in the body. */
final class ClickHouseDetails extends Details {
    static final String PROTOCOL = "clickhouse";

    private static final AsciiString USER = AsciiString.cached("x-clickhouse-user");
    private static final AsciiString DATABASE = AsciiString.cached("x-clickhouse-database");
    private static final AsciiString EXCEPTION = AsciiString.cached("x-clickhouse-exception-code");
    private static final AsciiString SUMMARY = AsciiString.cached("x-clickhouse-summary");
    private static final AsciiString QUERY_ID = AsciiString.cached("x-clickhouse-query-id");

    private static final String MULTIPART = "multipart";

    /** Both kinds of double quotes hold names; backslashes escape. */
    private static final SqlMode MODE = new SqlMode(true, false, SqlCharset.PLAIN);

    private static final List<String> READ =
            List.of("SELECT", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN", "CHECK");
    private static final List<String> WRITE = List.of(
            "INSERT",
            "CREATE",
            "ALTER",
            "DROP",
            "TRUNCATE",
            "OPTIMIZE",
            "USE",
            "SET",
            "SYSTEM",
            "KILL",
            "RENAME",
            "EXCHANGE",
            "ATTACH",
            "DETACH",
            "UNDROP",
            "GRANT",
            "REVOKE",
            "DELETE",
            "UPDATE",
            "BACKUP",
            "RESTORE");

    /** Statements that hold secrets in known places only, which are left out. */
    private static final Set<String> SHOWN = Set.of("SELECT", "INSERT", "SHOW", "EXPLAIN", "DELETE", "UPDATE");

    /** Statements that do not succeed without the tables that they name; others may do without, as {@code DROP TABLE IF EXISTS} and {@code EXPLAIN}. */
    private static final Set<String> OF_TABLES =
            Set.of("SELECT", "INSERT", "CREATE", "ALTER", "OPTIMIZE", "DELETE", "UPDATE", "DESCRIBE", "DESC", "CHECK");

    static final Operations ALL = all();

    private final ObservationLoop loop;
    private final boolean raw;
    private final NameLabels labels;
    private final @Nullable String database;

    /** Whether two databases are named, of which a server takes one. */
    private final boolean ambiguous;

    private final @Nullable String user;
    private final boolean complete;
    private final @Nullable StatementHead head;

    private @Nullable SqlStatement sql;
    private @Nullable String text;
    private @Nullable String exception;
    private int status;
    private boolean named;
    private @Nullable String summary;

    private ClickHouseDetails(ObservationLoop loop, Bodies bodies, HttpRequest request, String uri, boolean inUri) {
        HttpHeaders headers = request.headers();
        QueryParameter parameter = loop.parameter;
        this.loop = loop;
        this.raw = bodies.statements();
        this.labels = bodies.labels();
        if (inUri) {
            statement(parameter.bytes(), parameter.length(), parameter.isCut());
        }
        String named = parameter.text(uri, "database", loop.texts);
        String known = parameter.text(uri, "user", loop.texts);
        String header = shared(headers.get(DATABASE));
        this.database = named != null ? named : header;
        this.ambiguous = named != null && header != null && !named.equals(header);
        this.user = known != null ? known : shared(headers.get(USER));
        this.complete = parameter.find(uri, "wait_end_of_query");
        boolean other = inUri || isMultipart(headers) || parameter.find(uri, "decompress");
        this.head = other ? null : new StatementHead(loop, headers);
    }

    /** Such a body is tables and parameters. All others are statements: {@code curl} calls them {@code application/x-www-form-urlencoded}. */
    private static boolean isMultipart(HttpHeaders headers) {
        String type = headers.get(HttpHeaderNames.CONTENT_TYPE);
        return type != null && type.regionMatches(true, 0, MULTIPART, 0, MULTIPART.length());
    }

    private static Operations all() {
        Operations.Builder builder = Operations.builder();
        READ.forEach(name -> builder.add(name, true));
        WRITE.forEach(name -> builder.add(name, false));
        return builder.build();
    }

    /** For a request that brings a statement; null for others. */
    static @Nullable ClickHouseDetails of(ObservationLoop loop, Bodies bodies, HttpRequest request, String uri) {
        if (HttpMethod.OPTIONS.equals(request.method())) {
            return null; // asks what a browser may do, whatever the parameters are
        }
        boolean inUri = loop.parameter.find(uri, "query");
        boolean root = uri.equals("/") || uri.startsWith("/?");
        boolean body = root && HttpMethod.POST.equals(request.method());
        return inUri || body ? new ClickHouseDetails(loop, bodies, request, uri, inUri) : null;
    }

    private @Nullable String shared(@Nullable String header) {
        return header == null || header.isEmpty() ? null : loop.texts.of(header, 0, header.length());
    }

    private void statement(byte[] bytes, int length, boolean cut) {
        ClickHouseText statement = loop.clickHouseText();
        statement.read(bytes, length, cut);
        SqlStatement made = loop.statement(statement.plain(), statement.plainLength(), MODE, statement.isCut());
        sql = made;
        text = raw && SHOWN.contains(made.verb()) ? statement.shown() : null;
    }

    @Override
    String protocol() {
        return PROTOCOL;
    }

    @Override
    void requestData(ByteBuf lent) {
        if (head != null) {
            head.read(lent);
            if (head.isCut()) {
                headDone();
            }
        }
    }

    @Override
    void requestEnd() {
        headDone();
    }

    private void headDone() {
        if (head != null) {
            if (head.isKnown()) {
                statement(head.bytes(), head.length(), head.isCut());
            }
            head.close();
        }
    }

    @Override
    void responseHead(HttpResponse response) {
        String code = response.headers().get(EXCEPTION);
        status = response.status().code();
        exception = code == null || code.length() > 8 ? null : loop.texts.of(code, 0, code.length());
        named = response.headers().contains(QUERY_ID);
        summary = response.headers().get(SUMMARY);
    }

    @Override
    Operation operation() {
        Operation known = sql == null ? null : ALL.find(sql.verb());
        return known != null ? known : ALL.other();
    }

    @Override
    void fill(Exchange e, boolean answered) {
        boolean succeeded = answered && exception == null && status >= 200 && status < 300 && ran();
        database(e, succeeded);
        if (user != null) {
            e.user = user;
        }
        if (sql != null) {
            e.statement(sql);
            if (text != null) {
                e.statement = text;
            }
        }
        boolean proven = succeeded && sql != null && OF_TABLES.contains(sql.verb());
        labels.collection(e, proven);
        labels.summary(e, proven);
        if (answered && exception != null) {
            e.status = Exchange.Status.ERROR;
            e.error = exception;
        }
        if (answered && summary != null) {
            told(e, summary);
        }
    }

    /**
     * Whether the server ran a statement: its pages, such as {@code /play}, take any parameters of anybody, and have a summary with zeros, too. Old versions name
     * no {@code INSERT}.
     */
    private boolean ran() {
        return named || summary != null && number(summary, "\"written_rows\"") > 0;
    }

    /** The namespace is a label: what may be none stands among the attributes. */
    private void database(Exchange e, boolean succeeded) {
        if (database != null) {
            e.namespace = labels.namespace(database, succeeded && !ambiguous);
            if (e.namespace == null) {
                e.attribute("database", database);
            }
        }
    }

    private void told(Exchange e, String numbers) {
        long sent = number(numbers, "\"result_rows\"");
        long written = number(numbers, "\"written_rows\"");
        boolean inserts = sql != null && sql.verb().equals("INSERT");
        // The header leaves before the rows: without waiting, it knows of none.
        if (!inserts && (sent > 0 || complete)) {
            e.rowsSent = sent;
        }
        if (inserts || written > 0) {
            e.rowsAffected = written;
        }
        e.rows = e.rowsSent < 0 ? e.rowsAffected : e.rowsSent + Math.max(0, e.rowsAffected);
        attribute(e, "read_rows", number(numbers, "\"read_rows\""));
        attribute(e, "read_bytes", number(numbers, "\"read_bytes\""));
        long elapsed = number(numbers, "\"elapsed_ns\"");
        attribute(e, "server_us", elapsed < 0 ? -1 : elapsed / 1_000);
    }

    private static void attribute(Exchange e, String name, long value) {
        if (value >= 0) {
            e.attribute(name, value);
        }
    }

    /** A number of the header, which is JSON with all numbers in quotes; -1 if it is not there. */
    private static long number(String json, String key) {
        int at = json.indexOf(key);
        if (at < 0) {
            return -1;
        }
        at += key.length();
        while (at < json.length() && ": \"".indexOf(json.charAt(at)) >= 0) {
            at++;
        }
        long value = -1;
        for (int digits = 0; at < json.length() && digits < 18; at++, digits++) {
            int digit = json.charAt(at) - '0';
            if (digit < 0 || digit > 9) {
                break;
            }
            value = 10 * Math.max(0, value) + digit;
        }
        return value;
    }

    @Override
    void close() {
        if (head != null) {
            head.close();
        }
    }
}
