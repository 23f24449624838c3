package dev.weir.core.testkit;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Exchanges;
import dev.weir.core.sql.DigestTable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Collects copies of what is handed in, and knows how many records are out. */
public final class RecordingExchanges implements Exchanges {
    private final List<Exchange> all = new ArrayList<>();
    private int out;
    private final DigestTable digests = new DigestTable(DigestTable.DEFAULT_MAX_BYTES);

    /** Makes an empty collection. */
    public RecordingExchanges() {}

    @Override
    public Exchange open() {
        out++;
        return new Exchange();
    }

    @Override
    public void emit(Exchange exchange) {
        out--;
        exchange.connection(); // throws if of() was not called
        digests.count(exchange, exchange.listener(), exchange.longWait ? -1 : exchange.durationNanos);
        Exchange copy = new Exchange();
        copy.copyFrom(exchange);
        all.add(copy);
    }

    @Override
    public DigestTable digests() {
        return digests;
    }

    @Override
    public void discard(Exchange exchange) {
        out--;
    }

    /** Everything handed in so far, oldest first. */
    public List<Exchange> all() {
        return List.copyOf(all);
    }

    /** Records that were taken and neither handed in nor discarded. */
    public int taken() {
        return out;
    }

    /** Forgets everything. */
    public void clear() {
        all.clear();
    }

    /** One line per exchange: the command, {@code |}, and all fields that are known. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        for (Exchange exchange : all) {
            StringBuilder line = new StringBuilder(exchange.operation().name()).append(" |");
            fields(exchange)
                    .forEach((name, value) ->
                            line.append(' ').append(name).append('=').append(value));
            lines.add(line.toString());
        }
        return lines;
    }

    /** The fields that are known, by their names in the access log; {@code hit} besides. */
    public static Map<String, String> fields(Exchange exchange) {
        Map<String, String> fields = new LinkedHashMap<>();
        fields.put("status", exchange.status.label());
        put(fields, "error", exchange.error);
        put(fields, "by", exchange.byWeir ? "weir" : null);
        put(fields, "namespace", exchange.namespace);
        put(fields, "user", exchange.user);
        put(fields, "app", exchange.app);
        put(fields, "target", exchange.target);
        put(fields, "summary", exchange.summary);
        put(fields, "digest", exchange.digest);
        put(fields, "statement", exchange.statement);
        put(fields, "request_bytes", exchange.requestBytes);
        put(fields, "response_bytes", exchange.responseBytes);
        put(fields, "rows", exchange.rows);
        put(fields, "rows_sent", exchange.rowsSent);
        put(fields, "rows_affected", exchange.rowsAffected);
        put(fields, "no_index", exchange.noIndex ? "true" : null);
        put(fields, "batch", exchange.batch);
        put(fields, "hit", exchange.hit);
        put(fields, "first_byte_us", micros(exchange.firstByteNanos));
        put(fields, "duration_us", micros(exchange.durationNanos));
        put(fields, "queue_us", micros(exchange.queueNanos));
        put(fields, "upstream_us", micros(exchange.upstreamNanos));
        put(fields, "wait", exchange.longWait ? "true" : null);
        put(fields, "trace", exchange.trace);
        put(fields, "library", exchange.library);
        put(fields, "server_version", exchange.server);
        for (int i = 0; i < exchange.attributes(); i++) {
            put(fields, exchange.attributeName(i), String.valueOf(exchange.attributeValue(i)));
        }
        return fields;
    }

    private static long micros(long nanos) {
        return nanos < 0 ? -1 : nanos / 1000;
    }

    private static void put(Map<String, String> fields, String name, long value) {
        put(fields, name, value < 0 ? null : Long.toString(value));
    }

    private static void put(Map<String, String> fields, String name, @Nullable String value) {
        if (value != null) {
            fields.put(name, value);
        }
    }
}
