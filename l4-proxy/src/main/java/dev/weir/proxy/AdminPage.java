package dev.weir.proxy;

import io.netty.handler.codec.http.HttpResponseStatus;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/**
 * The page at {@code /}: one file with everything in it. The policy that is sent along lets exactly its own script and
 * style run, by their digests, and connects to nothing but this server.
 */
final class AdminPage {
    private static final String FILE = "page.html";

    private final String html;
    private final String policy;

    private AdminPage(String html) {
        this.html = html;
        this.policy = "default-src 'none'; script-src '" + digest(between(html, "<script>", "</script>"))
                + "'; style-src '" + digest(between(html, "<style>", "</style>"))
                + "'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    }

    /** Loaded when somebody looks at it for the first time. */
    private static final class Holder {
        static final AdminPage PAGE = new AdminPage(read());
    }

    static AdminResponse response() {
        AdminPage page = Holder.PAGE;
        return AdminResponse.text(HttpResponseStatus.OK, "text/html; charset=utf-8", page.html)
                .header("Content-Security-Policy", page.policy);
    }

    private static String read() {
        try (InputStream in = AdminPage.class.getResourceAsStream(FILE)) {
            if (in == null) {
                throw new IllegalStateException(FILE + " is missing beside " + AdminPage.class.getName());
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String between(String text, String start, String end) {
        int from = text.indexOf(start) + start.length();
        return text.substring(from, text.indexOf(end, from));
    }

    private static String digest(String text) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return "sha256-" + Base64.getEncoder().encodeToString(hash);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
