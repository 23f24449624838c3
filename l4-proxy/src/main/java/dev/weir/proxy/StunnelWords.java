package dev.weir.proxy;

import java.util.Locale;
import javax.net.ssl.SSLException;

/** Failures in the words that stunnel has of OpenSSL, as scripts look for them. */
final class StunnelWords {
    private static final int DEEPEST = 8;

    private StunnelWords() {}

    static boolean isTls(Throwable failure) {
        Throwable cause = failure;
        for (int i = 0; cause != null && i < DEEPEST; i++, cause = cause.getCause()) {
            if (cause instanceof SSLException) {
                return true;
            }
        }
        return false;
    }

    static String of(Throwable failure) {
        StringBuilder said = new StringBuilder();
        Throwable cause = failure;
        for (int i = 0; cause != null && i < DEEPEST; i++, cause = cause.getCause()) {
            String message = cause.getMessage();
            if (message != null && said.indexOf(message) < 0) {
                said.append(said.isEmpty() ? "" : ": ").append(message);
            }
        }
        String text = said.isEmpty() ? failure.toString() : said.toString();
        String known = known(text.toLowerCase(Locale.ROOT));
        return known.isEmpty() ? text : known + " (" + text + ")";
    }

    private static String known(String text) {
        if (text.contains("did not return a certificate") || text.contains("no certificate") || text.contains("no_certificate")) {
            return "peer did not return a certificate";
        }
        if (text.contains("revoked")) {
            return "certificate revoked";
        }
        boolean ours = text.contains("unknown_ca") || text.contains("not_pinned") || text.contains("wrong_name")
                || text.contains("certificate is n") || text.contains("expired") || text.contains("bad_certificate")
                || text.contains("no rule lets it in") || text.contains("path");
        if (ours && !text.contains("alert")) {
            return "certificate verify failed";
        }
        return text.contains("http_request") || text.contains("not an ssl/tls record") && text.contains("474554")
                ? "http request"
                : "";
    }
}
