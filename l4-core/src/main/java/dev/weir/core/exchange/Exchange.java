package dev.weir.core.exchange;

import dev.weir.core.filter.Connection;
import dev.weir.core.filter.ConnectionAttribute;
import dev.weir.core.sql.SqlStatement;
import dev.weir.core.tls.TlsSession;
import org.jspecify.annotations.Nullable;

/**
 * One request and its answer. A plain, pooled record: the producer sets the fields, sinks read them.
 * Times are nanoseconds of the connection's {@link dev.weir.core.filter.WireClock} and differences of them; {@code -1}
 * is unknown. Texts of low cardinality ({@code namespace}, {@code user}, {@code app}, {@code error}, …) should
 * be the same instance as long as they are equal: sinks compare identities first.
 */
public final class Exchange {
    /** How it ended. */
    public enum Status {
        /** Answered, not an error. */
        OK,
        /** Answered with an error of the protocol. */
        ERROR,
        /** No answer was due, or the connection ended before it. */
        NO_REPLY,
        /** Queued in a transaction that was not executed. */
        ABORTED;

        private final String label = name().toLowerCase(java.util.Locale.ROOT);

        /** As in the access log. */
        public String label() {
            return label;
        }
    }

    /** Most attributes one exchange can carry; further ones are ignored. */
    public static final int MAX_ATTRIBUTES = 16;

    private static final String[] NO_NAMES = new String[0];
    private static final Object[] NO_VALUES = new Object[0];
    private static final long[] NO_NUMBERS = new long[0];

    /** In the place of the value where it is a number. */
    private static final Object NUMBER = new Object();

    // Null in copies, which hold what follows instead: a copy must not keep a closed connection in memory.
    private @Nullable Connection connection;
    private long connectionId;
    private String listener = "";
    private String client = "";
    private @Nullable String tlsVersion;
    private @Nullable String identity;
    private @Nullable Operation operation;

    /** Whether it lies in the pool. */
    boolean pooled;

    /** {@code redis}, {@code mongodb}, …; a constant. */
    public String protocol = "";
    /** When the first request byte was seen. */
    public long startNanos;
    /** User the protocol authenticated. */
    public @Nullable String user;
    /** What the client calls itself. */
    public @Nullable String app;
    /** Current database. */
    public @Nullable String namespace;
    /** Collections, tables, or the first key where opted in. */
    public @Nullable String target;
    /**
     * The one collection or table, for the metric label: null if there are several or where the target is a key.
     * The same instance as long as it is equal.
     */
    public @Nullable String collection;
    /** Low-cardinality text; null means the operation's name. */
    public @Nullable String summary;
    /** Id of the normalised statement. */
    public @Nullable String digest;
    /** Text of the normalised statement; raw only where opted in. */
    public @Nullable String statement;
    /** The normalised statement, for the digest table; set by {@link #statement(SqlStatement)}. */
    public @Nullable SqlStatement sql;
    /** How it ended. */
    public Status status = Status.OK;
    /** The protocol's error code. */
    public @Nullable String error;
    /** True if Weir answered. */
    public boolean byWeir;
    /** Overrides the connection's upstream (terminals that ask several); null means the connection's. */
    public @Nullable String upstream;
    /** Overrides the connection's cluster; null means the connection's. */
    public @Nullable String cluster;
    /** Number of upstreams asked; 1 is not written. */
    public int shards = 1;
    /** Bytes of the request on the wire. */
    public long requestBytes = -1;
    /** Bytes of the answer on the wire. */
    public long responseBytes = -1;
    /** Rows, documents or elements returned or affected. */
    public long rows = -1;
    /** Rows the server sent. In JSON only as {@code rows}. */
    public long rowsSent = -1;
    /** Rows the statement changed. In JSON: {@code rows_affected}, if there are rows of both kinds. */
    public long rowsAffected = -1;
    /** Whether the server said that it used no index. In JSON: {@code no_index}, if true. */
    public boolean noIndex;
    /**
     * Whether client and server have told who they are: the tables of clients keep {@link #library} and {@link #server}
     * of it.
     */
    public boolean introduces;
    /** The client's library and its version. In JSON: {@code library}. */
    public @Nullable String library;
    /** The server's version. In JSON: {@code server_version}. */
    public @Nullable String server;
    /**
     * Whether it goes on with an execution of {@link #sql} that was an exchange already (a cursor is fetched from): its digest
     * gets rows, bytes and time of it, but no call.
     */
    public boolean continued;
    /** Size of a batch or transaction. */
    public long batch = -1;
    /** Last request byte to first answer byte. */
    public long firstByteNanos = -1;
    /** Last request byte to last answer byte. */
    public long durationNanos = -1;
    /** Waiting behind earlier pipelined commands, or for a shard. */
    public long queueNanos = -1;
    /** At the server. */
    public long upstreamNanos = -1;
    /** Long poll or blocking command: stays out of latency histograms. */
    public boolean longWait;
    /** A read that found something (1) or nothing (0); -1 where that has no meaning. In JSON: {@code hit}. */
    public int hit = -1;
    /** W3C trace id. */
    public @Nullable String trace;
    /** For the labels that the metrics of its protocol have beyond the usual ones; not in JSON. */
    public @Nullable SeriesLabels labels;

    private int attributes;
    private String[] attributeNames = NO_NAMES;
    private Object[] attributeValues = NO_VALUES;
    private long[] attributeNumbers = NO_NUMBERS;

    /** For pools. */
    public Exchange() {}

    /** Names the connection and the operation; every producer calls it before {@link Exchanges#emit}. */
    public Exchange of(Connection connection, String protocol, Operation operation) {
        this.connection = connection;
        this.protocol = protocol;
        this.operation = operation;
        return this;
    }

    /** Sets {@link #sql} and all fields that follow from it: digest, statement, summary, target and collection. */
    public void statement(SqlStatement executed) {
        sql = executed;
        digest = executed.hexId();
        statement = executed.text();
        summary = executed.summary();
        target = executed.target();
        collection = executed.collection();
    }

    /** The connection it was seen on; not to be asked of a copy. */
    public Connection connection() {
        if (connection == null) {
            throw new IllegalStateException("exchange without a connection (expected: of(...) before emit, no copy)");
        }
        return connection;
    }

    /** Number of the connection. */
    public long connectionId() {
        return connection != null ? connection.id() : connectionId;
    }

    /** Name of the listener. */
    public String listener() {
        return connection != null ? connection.listener() : listener;
    }

    /** The version of TLS that Weir ended for the client, or null. */
    public @Nullable String tlsVersion() {
        TlsSession tls = connection == null ? null : connection.get(ConnectionAttribute.TLS);
        return tls == null ? tlsVersion : tls.version();
    }

    /** Whom the client's certificate is for, where Weir has verified it; or null. */
    public @Nullable String identity() {
        TlsSession tls = connection == null ? null : connection.get(ConnectionAttribute.TLS);
        return tls == null ? identity : tls.verified() ? tls.identity() : null;
    }

    /** The client as {@code address:port}. */
    public String client() {
        return connection != null ? connection.clientText() : client;
    }

    /** The operation. */
    public Operation operation() {
        if (operation == null) {
            throw new IllegalStateException("exchange without an operation (expected: of(...) before emit)");
        }
        return operation;
    }

    /** The upstream that answered, or null. */
    public @Nullable String upstreamText() {
        return upstream != null || byWeir || connection == null ? upstream : connection.upstreamText();
    }

    /** The cluster, or null. */
    public @Nullable String clusterName() {
        return cluster != null || connection == null ? cluster : connection.cluster();
    }

    /**
     * Adds an attribute; names are declared in {@code docs/exchanges.md}.
     *
     * @param value a {@link String}, {@link Long}, {@link Integer}, {@link Double} or {@link Boolean}
     */
    public void attribute(String name, Object value) {
        if (attributes < MAX_ATTRIBUTES) {
            roomForAttributes();
            attributeNames[attributes] = name;
            attributeValues[attributes++] = value;
        }
    }

    /** Adds an attribute that is a whole number, without making an object of it. */
    public void attribute(String name, long value) {
        if (attributes < MAX_ATTRIBUTES) {
            roomForAttributes();
            attributeNumbers[attributes] = value;
            attributeNames[attributes] = name;
            attributeValues[attributes++] = NUMBER;
        }
    }

    private void roomForAttributes() {
        if (attributeNames.length == 0) {
            attributeNumbers = new long[MAX_ATTRIBUTES];
            attributeNames = new String[MAX_ATTRIBUTES];
            attributeValues = new Object[MAX_ATTRIBUTES];
        }
    }

    /** Number of attributes. */
    public int attributes() {
        return attributes;
    }

    /** Name of attribute {@code i}. */
    public String attributeName(int i) {
        return attributeNames[i];
    }

    /** Value of attribute {@code i}. */
    public Object attributeValue(int i) {
        Object value = attributeValues[i];
        return value == NUMBER ? (Object) attributeNumbers[i] : value;
    }

    /**
     * Makes this record a copy of {@code other}, as it is now: without the connection, but with its number, addresses
     * and names. On the thread that {@code other} belongs to; the copy may go to another one.
     */
    public void copyFrom(Exchange other) {
        connection = null;
        connectionId = other.connectionId();
        listener = other.listener();
        client = other.client();
        tlsVersion = other.tlsVersion();
        identity = other.identity();
        operation = other.operation;
        protocol = other.protocol;
        startNanos = other.startNanos;
        user = other.user;
        app = other.app;
        namespace = other.namespace;
        target = other.target;
        collection = other.collection;
        summary = other.summary;
        digest = other.digest;
        statement = other.statement;
        sql = other.sql;
        status = other.status;
        error = other.error;
        byWeir = other.byWeir;
        upstream = other.upstreamText();
        cluster = other.clusterName();
        shards = other.shards;
        requestBytes = other.requestBytes;
        responseBytes = other.responseBytes;
        rows = other.rows;
        rowsSent = other.rowsSent;
        rowsAffected = other.rowsAffected;
        noIndex = other.noIndex;
        continued = other.continued;
        introduces = other.introduces;
        library = other.library;
        server = other.server;
        batch = other.batch;
        firstByteNanos = other.firstByteNanos;
        durationNanos = other.durationNanos;
        queueNanos = other.queueNanos;
        upstreamNanos = other.upstreamNanos;
        longWait = other.longWait;
        hit = other.hit;
        trace = other.trace;
        labels = other.labels;
        attributes = other.attributes;
        if (attributes > 0) {
            roomForAttributes();
            System.arraycopy(other.attributeNames, 0, attributeNames, 0, attributes);
            System.arraycopy(other.attributeValues, 0, attributeValues, 0, attributes);
            System.arraycopy(other.attributeNumbers, 0, attributeNumbers, 0, attributes);
        }
    }

    /** Makes it as new. */
    public void clear() {
        connection = null;
        connectionId = 0;
        listener = "";
        client = "";
        tlsVersion = null;
        identity = null;
        operation = null;
        protocol = "";
        startNanos = 0;
        user = null;
        app = null;
        namespace = null;
        target = null;
        collection = null;
        summary = null;
        digest = null;
        statement = null;
        sql = null;
        status = Status.OK;
        error = null;
        byWeir = false;
        upstream = null;
        cluster = null;
        shards = 1;
        requestBytes = -1;
        responseBytes = -1;
        rows = -1;
        rowsSent = -1;
        rowsAffected = -1;
        noIndex = false;
        continued = false;
        introduces = false;
        library = null;
        server = null;
        batch = -1;
        firstByteNanos = -1;
        durationNanos = -1;
        queueNanos = -1;
        upstreamNanos = -1;
        longWait = false;
        hit = -1;
        trace = null;
        labels = null;
        attributes = 0;
    }
}
