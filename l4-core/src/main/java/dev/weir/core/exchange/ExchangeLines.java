package dev.weir.core.exchange;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import dev.weir.core.filter.WireClock;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/** A batch of exchanges as lines of JSON, in memory. One thread's. */
public final class ExchangeLines {
    private final JsonFactory factory = JsonFactory.builder()
            .disable(StreamWriteFeature.AUTO_CLOSE_CONTENT)
            .enable(JsonWriteFeature.COMBINE_UNICODE_SURROGATES_IN_UTF8)
            .build();
    private final Bytes bytes = new Bytes();
    private final WireClock clock;
    private JsonGenerator json;
    private int count;

    /** Makes an empty batch; {@code clock} is that of the exchanges. */
    public ExchangeLines(WireClock clock) {
        this.clock = clock;
        this.json = generator();
    }

    private static final class Bytes extends ByteArrayOutputStream {
        void truncate(int size) {
            count = size;
        }
    }

    private JsonGenerator generator() {
        try {
            return factory.createGenerator(bytes).setRootValueSeparator(null);
        } catch (IOException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** Adds a line; if that fails, the batch is as before. */
    public void add(Exchange e) throws IOException {
        int before = bytes.size();
        boolean done = false;
        try {
            ExchangeJson.write(json, e, clock);
            json.writeRaw('\n');
            json.flush();
            count++;
            done = true;
        } finally {
            if (!done) {
                json = generator();
                bytes.truncate(before);
            }
        }
    }

    /** Lines in the batch. */
    int count() {
        return count;
    }

    /** Bytes in the batch. */
    public int size() {
        return bytes.size();
    }

    /** Writes all lines. */
    public void writeTo(OutputStream out) throws IOException {
        bytes.writeTo(out);
    }

    /** Empties the batch. */
    public void clear() {
        bytes.reset();
        count = 0;
    }
}
