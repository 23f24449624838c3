package dev.weir.tls.starttls;

import static dev.weir.core.filter.Side.CLIENT;
import static dev.weir.core.filter.Side.UPSTREAM;

import dev.weir.core.filter.Side;

/**
 * SMTP (RFC 3207) toward a client. The server's greeting goes to it, everything up to STARTTLS is answered here; what the client said before TLS
 * never reaches the server, so there is nothing that could be taken for something said under TLS.
 */
final class SmtpToClient extends LineTalk {
    private String name = "localhost";
    private boolean greeted;

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
        if (from == UPSTREAM) {
            greeting(wire, line);
            return;
        }
        switch (verb(line)) {
            case "EHLO" -> wire.send(CLIENT, "250-" + name + "\r\n250 STARTTLS\r\n");
            case "HELO" -> wire.send(CLIENT, "250 " + name + END);
            case "NOOP", "RSET" -> wire.send(CLIENT, "250 2.0.0 OK\r\n");
            case "STARTTLS" -> {
                wire.send(CLIENT, "220 2.0.0 Go ahead\r\n");
                wire.startTls();
            }
            case "QUIT" -> {
                wire.send(CLIENT, "221 2.0.0 " + name + " closing\r\n");
                wire.goodbye();
            }
            default -> wire.send(CLIENT, "530 5.7.0 Must issue a STARTTLS command first\r\n");
        }
    }

    private void greeting(Wire wire, String line) {
        boolean more = line.startsWith("220-");
        if (!more && !says(line, "220")) {
            wire.send(CLIENT, line + END);
            wire.fail(UPSTREAM, "no SMTP greeting: " + shown(line));
            return;
        }
        if (!greeted && line.length() > 4) {
            greeted = true;
            int blank = line.indexOf(' ', 4);
            name = line.substring(4, blank < 0 ? line.length() : blank);
        }
        wire.send(CLIENT, line + END);
        if (!more) {
            wire.listen(CLIENT);
        }
    }
}
