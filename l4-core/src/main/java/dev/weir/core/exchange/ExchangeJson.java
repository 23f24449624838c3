package dev.weir.core.exchange;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.weir.core.filter.WireClock;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The JSON form of an exchange: the only place that knows it ({@code docs/exchanges.md}). */
public final class ExchangeJson {
    private ExchangeJson() {}

    /** Writes {@code exchange}, or a copy of one, as one object; fields that are unknown are absent. */
    public static void write(JsonGenerator json, Exchange exchange, WireClock clock) throws IOException {
        json.writeStartObject();
        writeFields(json, exchange, clock);
        json.writeEndObject();
    }

    private static void writeFields(JsonGenerator json, Exchange e, WireClock clock) throws IOException {
        writeOrigin(json, e, clock);
        writeRequest(json, e);
        writeOutcome(json, e);
        writeAttributes(json, e);
    }

    private static void writeOrigin(JsonGenerator json, Exchange e, WireClock clock) throws IOException {
        char[] time = new char[Rfc3339.LENGTH];
        Rfc3339.write(clock.epochMicros(e.startNanos), time);
        json.writeFieldName("time");
        json.writeString(time, 0, time.length);
        text(json, "listener", e.listener());
        text(json, "protocol", e.protocol);
        json.writeNumberField("connection", e.connectionId());
        text(json, "client", e.client());
        text(json, "upstream", e.upstreamText());
        text(json, "cluster", e.clusterName());
        if (e.shards != 1) {
            json.writeNumberField("shards", e.shards);
        }
        text(json, "user", e.user);
        text(json, "app", e.app);
    }

    private static void writeRequest(JsonGenerator json, Exchange e) throws IOException {
        String command = e.operation().name();
        text(json, "namespace", e.namespace);
        text(json, "command", command);
        text(json, "target", e.target);
        text(json, "summary", e.summary != null ? e.summary : command);
        text(json, "digest", e.digest);
        text(json, "statement", e.statement);
    }

    private static void writeOutcome(JsonGenerator json, Exchange e) throws IOException {
        text(json, "status", e.status.label());
        text(json, "error", e.error);
        if (e.byWeir) {
            text(json, "by", "weir");
        } else if (e.status != Exchange.Status.NO_REPLY) {
            text(json, "by", "server");
        }
        number(json, "request_bytes", e.requestBytes);
        number(json, "response_bytes", e.responseBytes);
        number(json, "rows", e.rows);
        number(json, "batch", e.batch);
        micros(json, "first_byte_us", e.firstByteNanos);
        micros(json, "duration_us", e.durationNanos);
        micros(json, "queue_us", e.queueNanos);
        micros(json, "upstream_us", e.upstreamNanos);
        json.writeBooleanField("wait", e.longWait);
        text(json, "trace", e.trace);
    }

    private static void writeAttributes(JsonGenerator json, Exchange e) throws IOException {
        boolean bothRows = e.rowsSent >= 0 && e.rowsAffected >= 0;
        String tls = e.tlsVersion();
        if (tls == null && e.attributes() == 0 && e.hit < 0 && !bothRows && !e.noIndex && !e.introduces) {
            return;
        }
        json.writeObjectFieldStart("attributes");
        if (e.hit >= 0) {
            json.writeBooleanField("hit", e.hit > 0);
        }
        if (bothRows) {
            json.writeNumberField("rows_affected", e.rowsAffected);
        }
        if (e.noIndex) {
            json.writeBooleanField("no_index", true);
        }
        text(json, "tls_version", tls);
        text(json, "client_identity", e.identity());
        text(json, "library", e.library);
        text(json, "server_version", e.server);
        for (int i = 0; i < e.attributes(); i++) {
            json.writeFieldName(e.attributeName(i));
            Object value = e.attributeValue(i);
            if (value instanceof Boolean flag) {
                json.writeBoolean(flag);
            } else if (value instanceof Double real) {
                json.writeNumber(real);
            } else if (value instanceof Number whole) {
                json.writeNumber(whole.longValue());
            } else {
                json.writeString(value.toString());
            }
        }
        json.writeEndObject();
    }

    private static void text(JsonGenerator json, String name, @Nullable String value) throws IOException {
        if (value != null && !value.isEmpty()) {
            json.writeStringField(name, value);
        }
    }

    private static void number(JsonGenerator json, String name, long value) throws IOException {
        if (value >= 0) {
            json.writeNumberField(name, value);
        }
    }

    private static void micros(JsonGenerator json, String name, long nanos) throws IOException {
        if (nanos >= 0) {
            json.writeNumberField(name, nanos / 1_000);
        }
    }
}
