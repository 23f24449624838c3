package dev.weir.proxy;

import java.util.List;
import java.util.Locale;
import javax.net.ssl.SSLException;

/** Failures in the words that stunnel has of OpenSSL, as scripts look for them. */
final class StunnelWords {
    private static final int DEEPEST = 8;
    /** What is said of certificates that are not trusted. */
    private static final List<String> WORDS = List.of(
            "unknown ca",
            "certificate verify failed",
            "not pinned",
            "wrong name",
            "certificate is no",
            "expired",
            "not yet valid",
            "bad certificate",
            "certificate unknown",
            "no rule lets it in",
            "path");

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
        String known = known(text.toLowerCase(Locale.ROOT).replace('_', ' '));
        return known.isEmpty() ? text : known + " (" + text + ")";
    }

    private static String known(String text) {
        if (text.contains("did not return a certificate") || text.contains("no certificate")) {
            return "peer did not return a certificate";
        }
        if (text.contains("revoked")) {
            return "certificate revoked";
        }
        if (text.contains("not an ssl/tls record")) {
            return "wrong version number";
        }
        boolean distrust = WORDS.stream().anyMatch(text::contains);
        return distrust && !text.contains("alert") ? "certificate verify failed" : "";
    }
}
