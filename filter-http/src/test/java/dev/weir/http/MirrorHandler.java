package dev.weir.http;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;
import java.util.zip.GZIPOutputStream;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Fields;

/** Answers what it was asked, or as it was asked to. */
final class MirrorHandler extends Handler.Abstract {
    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        response.getHeaders().put("X-Server", "jetty");
        switch (Request.getPathInContext(request)) {
            case "/echo" -> echo(request, response);
            case "/bytes" -> bytes(request, response);
            case "/gzip" -> gzip(response);
            case "/early" -> {
                response.setStatus(413);
                response.getHeaders().put("Content-Length", 8);
                Content.Sink.write(
                        response, true, java.nio.ByteBuffer.wrap("too much".getBytes(StandardCharsets.US_ASCII)));
            }
            case "/drip" -> drip(response);
            default -> mirror(request, response);
        }
        callback.succeeded();
        return true;
    }

    /** All that the request was. */
    private static void mirror(Request request, Response response) throws Exception {
        CRC32 sum = new CRC32();
        long length = 0;
        byte[] buffer = new byte[16 << 10];
        try (var in = Content.Source.asInputStream(request)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                sum.update(buffer, 0, n);
                length += n;
            }
        }
        StringBuilder text = new StringBuilder();
        text.append(request.getMethod())
                .append(' ')
                .append(request.getHttpURI().getPathQuery())
                .append('\n');
        fields(text, request.getHeaders());
        text.append("body ").append(length).append(' ').append(sum.getValue()).append('\n');
        HttpFields trailers = request.getTrailers();
        if (trailers != null) {
            text.append("trailers\n");
            fields(text, trailers);
        }
        String status = Request.extractQueryParameters(request).getValue("status");
        response.setStatus(status == null ? 200 : Integer.parseInt(status));
        response.getHeaders()
                .add("Set-Cookie", "a=1; Path=/")
                .add("Set-Cookie", "b=2")
                .put("X-Empty", "")
                .put("X-Latin", "caf\u00e9")
                .put("Content-Type", "text/plain");
        byte[] body = text.toString().getBytes(StandardCharsets.UTF_8);
        boolean none = response.getStatus() == 204 || response.getStatus() == 304;
        if (!none) {
            response.getHeaders().put("Content-Length", body.length);
            Content.Sink.write(response, true, java.nio.ByteBuffer.wrap(body));
        }
    }

    /** Sorted by name, the values of a name in their order; without what is of one connection. */
    private static void fields(StringBuilder text, HttpFields fields) {
        TreeMap<String, String> all = new TreeMap<>();
        for (HttpField field : fields) {
            String name = field.getLowerCaseName();
            if (!JettyClient.OF_HOP.contains(name) && !name.equals("host")) {
                all.merge(
                        name,
                        String.valueOf(field.getValue()),
                        (a, b) -> a + (name.equals("cookie") ? "; " : " | ") + b);
            }
        }
        all.forEach(
                (name, value) -> text.append(name).append(": ").append(value).append('\n'));
    }

    /** Sends on what comes, as it comes. */
    private static void echo(Request request, Response response) throws IOException {
        long length = request.getLength();
        if (length >= 0) {
            response.getHeaders().put("Content-Length", length);
        }
        byte[] buffer = new byte[16 << 10];
        try (var in = Content.Source.asInputStream(request);
                OutputStream out = Content.Sink.asOutputStream(response)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                out.write(buffer, 0, n);
            }
        }
    }

    static byte[] random(int count, int seed) {
        byte[] body = new byte[count];
        new Random(seed).nextBytes(body);
        return body;
    }

    /** {@code n} bytes; {@code chunked}: without a length; {@code trailers}: with two of them. */
    private static void bytes(Request request, Response response) throws Exception {
        Fields query = Request.extractQueryParameters(request);
        byte[] body = random(Integer.parseInt(query.getValue("n")), 1);
        if (query.getValue("trailers") != null) {
            response.getHeaders().put("Trailer", "X-Sum, X-Last");
            response.setTrailersSupplier(() -> HttpFields.build()
                    .add("X-Sum", Long.toString(JettyClient.sum(body)))
                    .add("X-Last", "yes"));
        } else if (query.getValue("chunked") == null) {
            response.getHeaders().put("Content-Length", body.length);
        }
        try (OutputStream out = Content.Sink.asOutputStream(response)) {
            for (int at = 0; at < body.length; at += 50_000) {
                out.write(body, at, Math.min(50_000, body.length - at));
                out.flush();
            }
        }
    }

    private static void gzip(Response response) throws IOException {
        response.getHeaders()
                .put("Content-Encoding", "gzip")
                .put("Vary", "Accept-Encoding")
                .put("ETag", "\"abc--gzip\"");
        try (GZIPOutputStream out = new GZIPOutputStream(Content.Sink.asOutputStream(response))) {
            out.write("so many words, so little in them. ".repeat(5_000).getBytes(StandardCharsets.US_ASCII));
        }
    }

    /** Few bytes, and pauses between them. */
    private static void drip(Response response) throws Exception {
        try (OutputStream out = Content.Sink.asOutputStream(response)) {
            for (int i = 0; i < 10; i++) {
                out.write(("drop " + i + "\n").getBytes(StandardCharsets.US_ASCII));
                out.flush();
                TimeUnit.MILLISECONDS.sleep(20);
            }
        }
    }
}
