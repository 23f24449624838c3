package dev.weir.proxy;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Writer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** JSON in and out, by tokens. */
final class Json {
    private static final int MAX_DEPTH = 64;

    private Json() {}

    /** One factory for all: it holds the names it has seen, and nothing else that matters. */
    private static final class Factory {
        static final JsonFactory FACTORY =
                JsonFactory.builder().build().disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
    }

    /** A generator that writes UTF-8 to {@code out}, which its close flushes, but does not close. */
    static JsonGenerator generator(OutputStream out) throws IOException {
        return Factory.FACTORY.createGenerator(out);
    }

    /** A generator that writes to {@code out}, which its close flushes, but does not close. */
    static JsonGenerator generator(Writer out) throws IOException {
        return Factory.FACTORY.createGenerator(out);
    }

    /** Writes plain Java values: maps, lists, texts, numbers, booleans, null. */
    static void write(JsonGenerator json, @Nullable Object value) throws IOException {
        if (value instanceof Map<?, ?> map) {
            json.writeStartObject();
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                json.writeFieldName(String.valueOf(entry.getKey()));
                write(json, entry.getValue());
            }
            json.writeEndObject();
        } else if (value instanceof Iterable<?> list) {
            json.writeStartArray();
            for (Object element : list) {
                write(json, element);
            }
            json.writeEndArray();
        } else if (value instanceof Boolean bool) {
            json.writeBoolean(bool);
        } else if (value instanceof Number number) {
            writeNumber(json, number);
        } else if (value == null) {
            json.writeNull();
        } else {
            json.writeString(String.valueOf(value));
        }
    }

    private static void writeNumber(JsonGenerator json, Number number) throws IOException {
        double value = number.doubleValue();
        if (value == number.longValue()) {
            json.writeNumber(number.longValue());
        } else if (Double.isFinite(value)) {
            json.writeNumber(value);
        } else {
            json.writeString(number.toString());
        }
    }

    /** Reads one value as plain Java values. */
    static @Nullable Object read(String text) throws IOException {
        try (JsonParser parser = Factory.FACTORY.createParser(text)) {
            return read(parser, parser.nextToken(), 0);
        }
    }

    private static @Nullable Object read(JsonParser parser, @Nullable JsonToken token, int depth) throws IOException {
        if (token == null || depth > MAX_DEPTH) {
            throw new IOException(token == null ? "no JSON" : "JSON nested too deeply");
        }
        switch (token) {
            case START_OBJECT:
                Map<String, @Nullable Object> map = new LinkedHashMap<>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = parser.currentName();
                    map.put(name, read(parser, parser.nextToken(), depth + 1));
                }
                return map;
            case START_ARRAY:
                List<@Nullable Object> list = new ArrayList<>();
                for (JsonToken t = parser.nextToken(); t != JsonToken.END_ARRAY; t = parser.nextToken()) {
                    list.add(read(parser, t, depth + 1));
                }
                return list;
            case VALUE_NUMBER_INT:
            case VALUE_NUMBER_FLOAT:
                return parser.getNumberValue();
            case VALUE_TRUE:
                return true;
            case VALUE_FALSE:
                return false;
            case VALUE_NULL:
                return null;
            default:
                return parser.getText();
        }
    }
}
