package dev.weir.tls.starttls;

import static dev.weir.core.filter.Side.CLIENT;
import static dev.weir.core.filter.Side.UPSTREAM;

import dev.weir.core.filter.Side;
import java.util.Locale;

/**
 * IMAP (RFC 9051 §6.2.1) toward a client. Capabilities are answered here: what the server can do is said under TLS, where the client has to ask again. A
 * greeting that tells them is shortened for the same reason.
 */
final class ImapToClient extends LineTalk {
    @Override
    int patience() {
        return 200;
    }

    @Override
    void begin(Wire wire) {
        wire.listen(UPSTREAM);
    }

    @Override
    void line(Wire wire, Side from, String line) {
        if (from == CLIENT) {
            command(wire, line);
        } else if (says(line, "* OK")) {
            wire.send(CLIENT, greeting(line) + END);
            wire.listen(CLIENT);
        } else {
            // PREAUTH, too: who is let in already would not start TLS any more.
            wire.send(CLIENT, "* BYE no service\r\n");
            wire.fail(UPSTREAM, "no IMAP greeting: " + shown(line));
        }
    }

    /** Without the capabilities in it. */
    static String greeting(String line) {
        int end = line.indexOf(']');
        return line.toUpperCase(Locale.ROOT).startsWith("* OK [CAPABILITY") && end > 0
                ? "* OK" + line.substring(end + 1)
                : line;
    }

    private static void command(Wire wire, String line) {
        int blank = line.indexOf(' ');
        String tag = blank < 0 ? line : line.substring(0, blank);
        if (!isTag(tag) || line.endsWith("}")) {
            // A literal would follow, whose lines are no commands.
            wire.send(CLIENT, "* BYE TLS first\r\n");
            wire.fail(CLIENT, "no IMAP command without literals");
            return;
        }
        switch (verb(line.substring(tag.length()).strip())) {
            case "STARTTLS" -> {
                wire.send(CLIENT, tag + " OK Begin TLS negotiation now\r\n");
                wire.startTls();
            }
            case "CAPABILITY" ->
                wire.send(
                        CLIENT,
                        "* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\n" + tag + " OK CAPABILITY completed\r\n");
            case "NOOP" -> wire.send(CLIENT, tag + " OK NOOP completed\r\n");
            case "LOGOUT" -> {
                wire.send(CLIENT, "* BYE logging out\r\n" + tag + " OK LOGOUT completed\r\n");
                wire.goodbye();
            }
            case "LOGIN", "AUTHENTICATE" -> wire.send(CLIENT, tag + " NO [PRIVACYREQUIRED] STARTTLS first\r\n");
            default -> wire.send(CLIENT, tag + " BAD STARTTLS first\r\n");
        }
    }

    private static boolean isTag(String tag) {
        return !tag.isEmpty()
                && tag.length() <= 64
                && tag.chars().allMatch(c -> c > ' ' && c < 0x7f && "(){%*\"\\+".indexOf(c) < 0);
    }
}
