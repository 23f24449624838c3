package dev.weir.http;

import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A request and its answer, as they were recorded, or as a test wants them. */
record Conversation(HttpRequest request, byte[] requestBody, HttpResponse response, byte[] responseBody) {
    private static final String BETWEEN = "\n=====\n";

    /** Of the files that {@code record-dynamodb.py} writes. */
    static Conversation load(String file) {
        try (InputStream in = Conversation.class.getResourceAsStream(file)) {
            if (in == null) {
                throw new IllegalStateException("no " + file);
            }
            return parse(new String(in.readAllBytes(), StandardCharsets.ISO_8859_1));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Conversation parse(String text) {
        int between = text.indexOf(BETWEEN);
        String asked = text.substring(0, between);
        String answered = text.substring(between + BETWEEN.length());
        String[] line = asked.split("[ \n]", 4);
        HttpRequest request = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.valueOf(line[0]), line[1]);
        String[] status = answered.split("[ \n]", 3);
        HttpResponse response =
                new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(Integer.parseInt(status[1])));
        return new Conversation(request, body(asked, request.headers()), response, body(answered, response.headers()));
    }

    private static byte[] body(String text, HttpHeaders headers) {
        int empty = text.indexOf("\n\n");
        String head = empty < 0 ? text : text.substring(0, empty);
        String[] lines = head.split("\n", -1);
        for (int i = 1; i < lines.length; i++) {
            int colon = lines[i].indexOf(':');
            headers.add(
                    lines[i].substring(0, colon), lines[i].substring(colon + 1).trim());
        }
        return empty < 0 ? new byte[0] : text.substring(empty + 2).getBytes(StandardCharsets.ISO_8859_1);
    }

    Conversation with(byte[] otherRequest, byte[] otherResponse) {
        return new Conversation(request, otherRequest, response, otherResponse);
    }

    Conversation requestHeader(String name, String value) {
        request.headers().set(name, value);
        return this;
    }

    Conversation responseHeader(String name, String value) {
        response.headers().set(name, value);
        return this;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Conversation that
                && Arrays.equals(requestBody, that.requestBody)
                && Arrays.equals(responseBody, that.responseBody);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(requestBody);
    }

    @Override
    public String toString() {
        return request.uri();
    }
}
