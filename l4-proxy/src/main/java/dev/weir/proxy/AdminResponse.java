package dev.weir.proxy;

import com.fasterxml.jackson.core.JsonGenerator;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** An answer of the admin server. */
final class AdminResponse {
    static final String JSON = "application/json";
    static final String TEXT = "text/plain; charset=utf-8";

    private final HttpResponseStatus status;
    private final String type;
    private final ChunkedBytes body = new ChunkedBytes();
    private final Map<String, String> headers = new LinkedHashMap<>();

    AdminResponse(HttpResponseStatus status, String type) {
        this.status = status;
        this.type = type;
    }

    /** Writes the fields of an object. */
    @FunctionalInterface
    interface Fields {
        void write(JsonGenerator json) throws IOException;
    }

    /** An object of JSON. */
    static AdminResponse json(HttpResponseStatus status, Fields fields) {
        AdminResponse response = new AdminResponse(status, JSON);
        try (JsonGenerator json = Json.generator(response.body)) {
            json.writeStartObject();
            fields.write(json);
            json.writeEndObject();
            json.writeRaw('\n');
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return response;
    }

    static AdminResponse json(Fields fields) {
        return json(HttpResponseStatus.OK, fields);
    }

    /** {@code {"error": "…"}}. */
    static AdminResponse error(HttpResponseStatus status, String message) {
        return json(status, json -> json.writeStringField("error", message));
    }

    static AdminResponse text(HttpResponseStatus status, String type, String text) {
        AdminResponse response = new AdminResponse(status, type);
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        response.body.write(bytes, 0, bytes.length);
        return response;
    }

    AdminResponse header(String name, String value) {
        headers.put(name, value);
        return this;
    }

    HttpResponseStatus status() {
        return status;
    }

    String type() {
        return type;
    }

    ChunkedBytes body() {
        return body;
    }

    Map<String, String> headers() {
        return headers;
    }
}
