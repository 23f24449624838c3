package dev.weir.core.exchange;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.weir.core.filter.WireClock;
import java.io.IOException;

/** The JSON form of an exchange: the only place that knows it. */
public final class ExchangeJson {
    private ExchangeJson() {}

    /** Writes {@code exchange} as one object; fields that are unknown are absent. */
    public static void write(JsonGenerator json, Exchange exchange, WireClock clock) throws IOException {
        json.writeStartObject();
        json.writeEndObject();
    }
}
