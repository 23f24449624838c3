package dev.weir.tls.starttls;

import static dev.weir.core.filter.Side.UPSTREAM;

import dev.weir.core.filter.Side;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** An HTTP proxy that is asked for a tunnel (RFC 9110 §9.3.6). */
final class ConnectToUpstream extends LineTalk {
    private final TalkSettings settings;
    private boolean accepted;

    ConnectToUpstream(TalkSettings settings) {
        this.settings = settings;
    }

    @Override
    void begin(Wire wire) {
        String host = settings.hostOr("");
        StringBuilder request = new StringBuilder("CONNECT " + host + " HTTP/1.1\r\nHost: " + host + END);
        if (settings.username() != null) {
            byte[] secret = (settings.username() + ":" + settings.password()).getBytes(StandardCharsets.UTF_8);
            request.append("Proxy-Authorization: Basic ")
                    .append(Base64.getEncoder().encodeToString(secret))
                    .append(END);
        }
        settings.headers().forEach(header -> request.append(header).append(END));
        wire.send(UPSTREAM, request.append(END).toString());
        wire.listen(UPSTREAM);
    }

    @Override
    void line(Wire wire, Side from, String line) {
        if (!accepted) {
            accepted = (line.startsWith("HTTP/1.0 2") || line.startsWith("HTTP/1.1 2"))
                    && (line.length() == 12 || line.startsWith(" ", 12));
            if (!accepted) {
                wire.fail(UPSTREAM, "the answer " + shown(line) + " to CONNECT");
            }
        } else if (line.isEmpty()) {
            wire.startTls();
        }
    }
}
