package dev.weir.tls.starttls;

import static dev.weir.core.filter.Side.CLIENT;
import static dev.weir.core.filter.Side.UPSTREAM;

import dev.weir.core.filter.Side;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * SMTP (RFC 3207) toward a server, with AUTH (RFC 4954) under TLS where there is a password. The client gets the server's greeting when TLS is there,
 * and begins with an EHLO of its own.
 */
final class SmtpToUpstream extends LineTalk {
    private enum Step {
        GREETING,
        EHLO,
        STARTTLS,
        EHLO_UNDER_TLS,
        AUTH_PLAIN,
        AUTH_LOGIN,
        AUTH_USER,
        AUTH_PASSWORD
    }

    private final TalkSettings settings;
    private final StringBuilder greeting = new StringBuilder();
    private Step step = Step.GREETING;

    SmtpToUpstream(TalkSettings settings) {
        this.settings = settings;
    }

    @Override
    void begin(Wire wire) {
        wire.listen(UPSTREAM);
    }

    @Override
    void line(Wire wire, Side from, String line) {
        String expected = switch (step) {
            case GREETING, STARTTLS -> "220";
            case EHLO, EHLO_UNDER_TLS -> "250";
            case AUTH_PLAIN, AUTH_PASSWORD -> "235";
            case AUTH_LOGIN, AUTH_USER -> "334";
        };
        boolean more = line.startsWith(expected + "-");
        if (!more && !says(line, expected)) {
            wire.fail(UPSTREAM, "the answer " + shown(line) + " to " + step);
            return;
        }
        if (step == Step.GREETING && greeting.length() < MAX_LINE) {
            greeting.append(line).append(END);
        }
        if (!more) {
            next(wire);
        }
    }

    private void next(Wire wire) {
        switch (step) {
            case GREETING -> ask(wire, Step.EHLO, "EHLO " + settings.hostOr("localhost"));
            case EHLO -> ask(wire, Step.STARTTLS, "STARTTLS");
            case STARTTLS -> wire.startTls();
            case EHLO_UNDER_TLS -> authenticate(wire);
            case AUTH_LOGIN -> ask(wire, Step.AUTH_USER, base64(settings.username()));
            case AUTH_USER -> ask(wire, Step.AUTH_PASSWORD, base64(settings.password()));
            case AUTH_PLAIN, AUTH_PASSWORD -> done(wire);
        }
    }

    private void ask(Wire wire, Step next, String line) {
        step = next;
        wire.send(UPSTREAM, line + END);
    }

    @Override
    void secured(Wire wire) {
        if (settings.password() == null) {
            done(wire);
        } else {
            // What was known of the server before TLS is void (RFC 3207 §4.2), and for the server what it knew of us.
            ask(wire, Step.EHLO_UNDER_TLS, "EHLO " + settings.hostOr("localhost"));
        }
    }

    private void authenticate(Wire wire) {
        if (settings.authentication().equals("login")) {
            ask(wire, Step.AUTH_LOGIN, "AUTH LOGIN");
        } else {
            ask(wire, Step.AUTH_PLAIN, "AUTH PLAIN " + base64("\0" + settings.username() + "\0" + settings.password()));
        }
    }

    private void done(Wire wire) {
        wire.send(CLIENT, greeting.toString());
        wire.open();
    }

    private static String base64(@Nullable String text) {
        return Base64.getEncoder().encodeToString(String.valueOf(text).getBytes(StandardCharsets.UTF_8));
    }
}
