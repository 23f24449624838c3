package dev.weir.tls.starttls;

import static dev.weir.core.filter.Side.CLIENT;
import static dev.weir.core.filter.Side.UPSTREAM;

import dev.weir.core.filter.Side;

/** POP3 (RFC 2595 §4) toward a client. */
final class Pop3ToClient extends LineTalk {
    @Override
    void begin(Wire wire) {
        wire.listen(UPSTREAM);
    }

    @Override
    void line(Wire wire, Side from, String line) {
        if (from == UPSTREAM) {
            wire.send(CLIENT, line + END);
            if (says(line, "+OK")) {
                wire.listen(CLIENT);
            } else {
                wire.fail(UPSTREAM, "no POP3 greeting: " + shown(line));
            }
            return;
        }
        switch (verb(line)) {
            case "CAPA" -> wire.send(CLIENT, "+OK Capability list follows\r\nSTLS\r\n.\r\n");
            case "STLS" -> {
                wire.send(CLIENT, "+OK Begin TLS negotiation\r\n");
                wire.startTls();
            }
            case "QUIT" -> {
                wire.send(CLIENT, "+OK Bye\r\n");
                wire.goodbye();
            }
            default -> wire.send(CLIENT, "-ERR STLS first\r\n");
        }
    }
}
