package dev.weir.http;

import dev.weir.core.config.ConfigNode;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What a route answers without an upstream. Immutable. */
interface RouteAnswer {
    /** The answer to a request. */
    LocalAnswer to(RequestTarget target, PathMatch match);

    /** Section {@code direct_response}. */
    record Direct(HttpResponseStatus status, List<HeaderEdits.Header> headers, byte[] body) implements RouteAnswer {
        private static final int LARGEST = 1 << 20;

        static Direct read(ConfigNode node) {
            int status = (int) node.integer("status", 200, 200, 599);
            if (!node.has("status")) {
                node.error("status", "missing (expected: 200..599)");
            }
            List<HeaderEdits.Header> headers = HeaderEdits.headers(node, "headers", false);
            if (node.has("body") && node.has("body_file")) {
                node.error("body_file", "beside body (expected: one of both)");
            }
            ConfigNode file = node.child("body_file");
            byte[] body = file != null
                    ? file.as(Direct::load, new byte[0])
                    : String.valueOf(node.string("body", "")).getBytes(StandardCharsets.UTF_8);
            if (body.length > LARGEST) {
                node.error(file == null ? "body" : "body_file", body.length + " bytes (expected: 1MiB at most)");
            }
            if (body.length > 0 && isEmpty(status)) {
                node.error("body", "with status " + status + " (expected: none, such answers have no body)");
            }
            node.rejectUnknown();
            return new Direct(HttpResponseStatus.valueOf(status), headers, body);
        }

        private static byte[] load(String name) {
            try (InputStream in = Files.newInputStream(Path.of(name))) {
                return in.readNBytes(LARGEST + 1);
            } catch (IOException | RuntimeException e) {
                throw new IllegalArgumentException("\"" + name + "\" cannot be read: " + e, e);
            }
        }

        private static boolean isEmpty(int status) {
            return status == 204 || status == 205 || status == 304;
        }

        @Override
        public LocalAnswer to(RequestTarget target, PathMatch match) {
            HttpHeaders answer = new DefaultHttpHeaders();
            for (int i = 0; i < headers.size(); i++) {
                answer.add(headers.get(i).name(), headers.get(i).value());
            }
            if (body.length > 0 && !answer.contains(HttpHeaderNames.CONTENT_TYPE)) {
                answer.set(HttpHeaderNames.CONTENT_TYPE, "text/plain; charset=utf-8");
            }
            if (!isEmpty(status.code())) {
                answer.set(HttpHeaderNames.CONTENT_LENGTH, Integer.toString(body.length));
            }
            return new LocalAnswer(status, answer, body);
        }
    }
}
