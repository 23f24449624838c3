package dev.weir.tls.starttls;

import static dev.weir.core.filter.Side.CLIENT;

import dev.weir.core.config.Address;
import dev.weir.core.filter.Side;
import org.jspecify.annotations.Nullable;

/**
 * A client that asks for a tunnel as of an HTTP proxy. Whether the target may be gone to is the terminal's to say; it connects when the answer is out
 * already, as in stunnel, so a target that is not there shows as the end of the connection.
 */
final class ConnectToClient extends LineTalk {
    private @Nullable Address target;

    @Override
    void begin(Wire wire) {
        wire.listen(CLIENT);
    }

    @Override
    boolean choosesTarget() {
        return true;
    }

    @Override
    void direct(Wire wire) {
        begin(wire); // the request comes inside
    }

    @Override
    void line(Wire wire, Side from, String line) {
        if (target == null) {
            request(wire, line);
        } else if (line.isEmpty()) {
            wire.target(target);
            wire.send(CLIENT, "HTTP/1.1 200 OK\r\n\r\n");
            wire.startTls();
        }
    }

    private void request(Wire wire, String line) {
        String[] words = line.split(" ", -1);
        if (!words[0].equals("CONNECT")) {
            refuse(wire, "405 Method Not Allowed");
        } else if (words.length != 3 || !words[2].startsWith("HTTP/1.")) {
            refuse(wire, "400 Bad Request");
        } else {
            target = parse(words[1]);
            if (target == null) {
                refuse(wire, "400 Bad Request");
            }
        }
    }

    private static @Nullable Address parse(String text) {
        try {
            Address address = Address.parse(text);
            return address.isUnix() || address.port() == 0 ? null : address;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static void refuse(Wire wire, String status) {
        wire.send(CLIENT, "HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        wire.fail(CLIENT, "no CONNECT request: " + status);
    }
}
