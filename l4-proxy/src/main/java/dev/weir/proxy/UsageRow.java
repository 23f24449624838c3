package dev.weir.proxy;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.weir.core.exchange.CommandStats.CommandRow;
import dev.weir.core.exchange.ExchangeSinks.DigestUsage;
import dev.weir.core.exchange.TopTable.Peers;
import dev.weir.core.exchange.TopTable.TopRow;
import dev.weir.core.sql.DigestRow;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A row of the table that the admin server, {@code top}, {@code sniff} and {@code demo} show.
 *
 * @param listener listener name
 * @param key command, or value of another dimension
 * @param calls all exchanges since the start
 * @param perSecond calls per second of late
 * @param errors answered with an error
 * @param timed exchanges in the latencies
 * @param share of the total time of all rows, 0…1
 * @param totalMicros sum of durations
 * @param p50 microseconds, -1 if nothing was timed; so are the following
 */
record UsageRow(
        String listener,
        String key,
        long calls,
        double perSecond,
        long errors,
        long requestBytes,
        long responseBytes,
        long timed,
        long totalMicros,
        double share,
        long p50,
        long p90,
        long p99,
        long p999,
        long max,
        @Nullable Detail detail) {

    /** What is known in one dimension only. */
    sealed interface Detail {}

    /** What is known of commands only. */
    record CommandDetail(String protocol, long noReply, long aborted, long waits, long hits, long misses, long rows)
            implements Detail {}

    /** What is known of clients only. */
    record ClientDetail(Peers peers) implements Detail {}

    /** What is known of digests only. */
    record DigestDetail(DigestUsage usage) implements Detail {}

    private static final Map<String, Comparator<UsageRow>> ORDERS = Map.ofEntries(
            Map.entry("total_us", Comparator.comparingLong(UsageRow::totalMicros)),
            Map.entry("share", Comparator.comparingDouble(UsageRow::share)),
            Map.entry("calls", Comparator.comparingLong(UsageRow::calls)),
            Map.entry("per_second", Comparator.comparingDouble(UsageRow::perSecond)),
            Map.entry("errors", Comparator.comparingLong(UsageRow::errors)),
            Map.entry("p50_us", Comparator.comparingLong(UsageRow::p50)),
            Map.entry("p90_us", Comparator.comparingLong(UsageRow::p90)),
            Map.entry("p99_us", Comparator.comparingLong(UsageRow::p99)),
            Map.entry("p999_us", Comparator.comparingLong(UsageRow::p999)),
            Map.entry("max_us", Comparator.comparingLong(UsageRow::max)),
            Map.entry("request_bytes", Comparator.comparingLong(UsageRow::requestBytes)),
            Map.entry("response_bytes", Comparator.comparingLong(UsageRow::responseBytes)));

    /** Orders that can be asked for: names of fields, the default first; the largest values come first. */
    static final List<String> SORTS = List.of(
            "total_us",
            "calls",
            "per_second",
            "share",
            "errors",
            "p50_us",
            "p90_us",
            "p99_us",
            "p999_us",
            "max_us",
            "request_bytes",
            "response_bytes");

    static Comparator<UsageRow> order(String sort) {
        Comparator<UsageRow> order = ORDERS.get(sort);
        if (order == null) {
            throw new IllegalArgumentException("sort " + sort + " (expected: " + SORTS + ")");
        }
        return order.reversed()
                .thenComparing(Comparator.comparingLong(UsageRow::calls).reversed())
                .thenComparing(UsageRow::key);
    }

    static UsageRow of(CommandRow row, long total) {
        return new UsageRow(
                row.listener(),
                row.command(),
                row.calls(),
                row.perSecond(),
                row.errors(),
                row.requestBytes(),
                row.responseBytes(),
                row.timed(),
                row.totalMicros(),
                share(row.totalMicros(), total),
                row.p50(),
                row.p90(),
                row.p99(),
                row.p999(),
                row.max(),
                new CommandDetail(
                        row.protocol(),
                        row.noReply(),
                        row.aborted(),
                        row.waits(),
                        row.hits(),
                        row.misses(),
                        row.rows()));
    }

    static UsageRow of(TopRow row, long total) {
        return new UsageRow(
                row.listener(),
                row.key(),
                row.calls(),
                row.perSecond(),
                row.errors(),
                row.requestBytes(),
                row.responseBytes(),
                row.timed(),
                row.totalMicros(),
                share(row.totalMicros(), total),
                row.p50(),
                row.p90(),
                row.p99(),
                row.p999(),
                row.max(),
                row.peers() == null ? null : new ClientDetail(row.peers()));
    }

    static UsageRow of(DigestUsage usage, long total) {
        DigestRow row = usage.row();
        return new UsageRow(
                row.listener(),
                DigestJson.key(DigestJson.id(row), row.statement().text()),
                row.calls(),
                usage.perSecond(),
                row.errors(),
                row.requestBytes(),
                row.responseBytes(),
                row.timed(),
                row.totalNanos() / 1_000,
                share(row.totalNanos() / 1_000, total),
                row.quantileMicros(0.5),
                row.quantileMicros(0.9),
                row.quantileMicros(0.99),
                row.quantileMicros(0.999),
                row.timed() == 0 ? -1 : row.maxNanos() / 1_000,
                new DigestDetail(usage));
    }

    private static double share(long part, long total) {
        return total <= 0 ? 0 : Math.round(10_000.0 * part / total) / 10_000.0;
    }

    /** Writes an object whose field {@code by} holds the key. */
    void write(JsonGenerator json, String by) throws IOException {
        json.writeStartObject();
        json.writeStringField("listener", listener);
        if (detail instanceof CommandDetail command) {
            json.writeStringField("protocol", command.protocol());
        }
        if (detail instanceof DigestDetail digest) {
            DigestJson.statement(json, digest.usage().row());
        } else {
            json.writeStringField(by, key);
        }
        json.writeNumberField("calls", calls);
        json.writeNumberField("per_second", Math.round(perSecond * 100) / 100.0);
        json.writeNumberField("errors", errors);
        if (detail instanceof CommandDetail command) {
            json.writeNumberField("no_reply", command.noReply());
            json.writeNumberField("aborted", command.aborted());
            json.writeNumberField("waits", command.waits());
            json.writeNumberField("hits", command.hits());
            json.writeNumberField("misses", command.misses());
            json.writeNumberField("rows", command.rows());
        }
        json.writeNumberField("request_bytes", requestBytes);
        json.writeNumberField("response_bytes", responseBytes);
        json.writeNumberField("timed", timed);
        json.writeNumberField("total_us", totalMicros);
        json.writeNumberField("share", share);
        if (timed > 0) {
            json.writeNumberField("p50_us", p50);
            json.writeNumberField("p90_us", p90);
            json.writeNumberField("p99_us", p99);
            json.writeNumberField("p999_us", p999);
            json.writeNumberField("max_us", max);
        }
        if (detail instanceof DigestDetail digest) {
            DigestJson.numbers(json, digest.usage());
        }
        if (detail instanceof ClientDetail client) {
            texts(json, "users", client.peers().users());
            texts(json, "apps", client.peers().apps());
            texts(json, "namespaces", client.peers().namespaces());
            texts(json, "libraries", client.peers().libraries());
            texts(json, "servers", client.peers().servers());
        }
        json.writeEndObject();
    }

    private static void texts(JsonGenerator json, String name, List<String> texts) throws IOException {
        json.writeArrayFieldStart(name);
        for (String text : texts) {
            json.writeString(text);
        }
        json.writeEndArray();
    }

    /** Reads what {@link #write} wrote. */
    static UsageRow read(Map<?, ?> json, String by) {
        return new UsageRow(
                text(json, "listener"),
                by.equals("digest") ? DigestJson.key(text(json, by), text(json, "statement")) : text(json, by),
                (long) number(json, "calls", 0),
                number(json, "per_second", 0),
                (long) number(json, "errors", 0),
                (long) number(json, "request_bytes", 0),
                (long) number(json, "response_bytes", 0),
                (long) number(json, "timed", 0),
                (long) number(json, "total_us", 0),
                number(json, "share", 0),
                (long) number(json, "p50_us", -1),
                (long) number(json, "p90_us", -1),
                (long) number(json, "p99_us", -1),
                (long) number(json, "p999_us", -1),
                (long) number(json, "max_us", -1),
                null);
    }

    private static String text(Map<?, ?> json, String name) {
        return json.get(name) instanceof String text ? text : "";
    }

    private static double number(Map<?, ?> json, String name, double absent) {
        return json.get(name) instanceof Number number ? number.doubleValue() : absent;
    }
}
