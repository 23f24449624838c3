package dev.weir.http;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.async.ByteArrayFeeder;
import java.io.IOException;

/** JSON, one value or several, by Jackson's parser for bytes that come in pieces. */
final class JsonBody implements BodyFormat, Token {
    private final JsonParser parser;
    private final ByteArrayFeeder feeder;
    private final ShortStrings strings = new ShortStrings();
    private final ObservationLoop loop;
    private final TokenSink sink;
    private JsonToken token = JsonToken.NOT_AVAILABLE;
    private int depth;
    private boolean any;

    JsonBody(ObservationLoop loop, TokenSink sink) {
        this.loop = loop;
        this.sink = sink;
        try {
            this.parser = loop.json.createNonBlockingByteArrayParser();
        } catch (IOException e) {
            throw new MalformedException("no parser: " + e.getMessage());
        }
        this.feeder = (ByteArrayFeeder) parser.getNonBlockingInputFeeder();
    }

    @Override
    public void feed(byte[] bytes, int from, int to) {
        byte[] shortened = loop.shortened;
        for (int at = from; at < to; at += shortened.length) {
            int n = strings.copy(bytes, at, Math.min(to, at + shortened.length), shortened);
            if (n > 0) {
                parse(shortened, n);
            }
        }
    }

    private void parse(byte[] bytes, int n) {
        try {
            feeder.feedInput(bytes, 0, n);
            drain();
        } catch (IOException e) {
            throw new MalformedException("JSON");
        }
    }

    private void drain() throws IOException {
        for (JsonToken next = parser.nextToken(); next != null; next = parser.nextToken()) {
            token = next;
            switch (next) {
                case NOT_AVAILABLE -> {
                    return;
                }
                case START_OBJECT, START_ARRAY -> {
                    sink.begin(next == JsonToken.START_OBJECT, currentName());
                    depth++;
                }
                case END_OBJECT, END_ARRAY -> {
                    depth--;
                    any = true;
                    sink.end();
                }
                case FIELD_NAME -> {
                    // Told with the value.
                }
                default -> {
                    any = true;
                    sink.value(currentName(), this);
                }
            }
        }
    }

    /** Of what has just begun, too. */
    private String currentName() throws IOException {
        String name = parser.currentName();
        return name == null ? "" : name;
    }

    @Override
    public boolean finish() {
        feeder.endOfInput();
        try {
            drain();
        } catch (IOException e) {
            return false;
        }
        return any && depth == 0;
    }

    @Override
    public void close() {
        try {
            parser.close();
        } catch (IOException e) {
            throw new IllegalStateException(e); // it reads from nothing that could fail
        }
    }

    // ---- the token

    @Override
    public boolean isText() {
        return token == JsonToken.VALUE_STRING;
    }

    @Override
    public boolean isNumber() {
        return token == JsonToken.VALUE_NUMBER_INT || token == JsonToken.VALUE_NUMBER_FLOAT;
    }

    @Override
    public boolean isTrue() {
        return token == JsonToken.VALUE_TRUE;
    }

    @Override
    public String text() {
        try {
            return parser.getText();
        } catch (IOException e) {
            throw new MalformedException("JSON text");
        }
    }

    @Override
    public String name() {
        try {
            int length = Math.min(parser.getTextLength(), Texts.LONGEST);
            return loop.texts.of(parser.getTextCharacters(), parser.getTextOffset(), length);
        } catch (IOException e) {
            throw new MalformedException("JSON text");
        }
    }

    @Override
    public double number() {
        if (!isNumber()) {
            return Double.NaN;
        }
        try {
            return parser.getDoubleValue();
        } catch (IOException e) {
            return Double.NaN;
        }
    }
}
