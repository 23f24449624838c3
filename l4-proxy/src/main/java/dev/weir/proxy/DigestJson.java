package dev.weir.proxy;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.weir.core.exchange.ExchangeSinks.DigestUsage;
import dev.weir.core.sql.DigestRow;
import dev.weir.core.sql.DigestTable;
import dev.weir.core.sql.SqlStatement;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;

/** What {@code /exchanges/top?by=digest} says besides what all rows have. */
final class DigestJson {
    private DigestJson() {}

    /** Id of the digest; the rest has a name instead. */
    static String id(DigestRow row) {
        SqlStatement statement = row.statement();
        return statement.id() == DigestTable.OTHER.id() ? statement.text() : statement.hexId();
    }

    /** How a row is named on a terminal. */
    static String key(String id, String text) {
        return id.equals(text) ? id : id + " " + text;
    }

    static void statement(JsonGenerator json, DigestRow row) throws IOException {
        SqlStatement statement = row.statement();
        json.writeStringField("digest", id(row));
        json.writeStringField("statement", statement.text());
        json.writeStringField("summary", statement.summary());
        json.writeArrayFieldStart("tables");
        for (String table : statement.tables()) {
            json.writeString(table);
        }
        json.writeEndArray();
        json.writeStringField("sample", statement.sample());
        json.writeBooleanField("truncated", statement.truncated());
    }

    static void numbers(JsonGenerator json, DigestUsage usage) throws IOException {
        DigestRow row = usage.row();
        json.writeObjectFieldStart("error_codes");
        for (Map.Entry<String, Long> code : row.errorCodes().entrySet()) {
            json.writeNumberField(code.getKey(), code.getValue());
        }
        json.writeEndObject();
        json.writeNumberField("rows_sent", row.rowsSent());
        json.writeNumberField("rows_affected", row.rowsAffected());
        json.writeNumberField("no_index", row.noIndex());
        if (row.timed() > 0) {
            json.writeNumberField("p95_us", row.quantileMicros(0.95));
            json.writeNumberField("variance_to_mean", Math.round(row.varianceToMean() * 1e6) / 1e6);
        }
        json.writeStringField("first_seen", time(usage.firstMicros()));
        json.writeStringField("last_seen", time(usage.lastMicros()));
        json.writeNumberField("missed", row.missed());
    }

    private static String time(long micros) {
        return Instant.EPOCH.plus(micros, ChronoUnit.MICROS).toString();
    }
}
