package dev.weir.redis;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** A client that shows answers as they are on the wire, RESP2 or RESP3. */
final class RawClient implements AutoCloseable {
    private final Socket socket;
    private final InputStream in;

    RawClient(int port) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(60_000);
        socket.setTcpNoDelay(true);
        in = new BufferedInputStream(socket.getInputStream());
    }

    /** The answer to a command; each char is a byte. */
    String call(String... command) throws IOException {
        send(command);
        return read();
    }

    void send(String... command) throws IOException {
        write(encode(command));
    }

    void write(String bytes) throws IOException {
        socket.getOutputStream().write(bytes.getBytes(StandardCharsets.ISO_8859_1));
    }

    static String encode(String... command) {
        StringBuilder text = new StringBuilder("*" + command.length + "\r\n");
        for (String part : command) {
            text.append('$').append(part.length()).append("\r\n").append(part).append("\r\n");
        }
        return text.toString();
    }

    /** One value. */
    String read() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        value(out);
        return out.toString(StandardCharsets.ISO_8859_1);
    }

    private void value(ByteArrayOutputStream out) throws IOException {
        String line = line(out);
        char type = line.charAt(0);
        long n = "$=!*%~>|".indexOf(type) >= 0 ? Long.parseLong(line.substring(1)) : 0;
        if ("$=!".indexOf(type) >= 0 && n >= 0) {
            byte[] bytes = in.readNBytes((int) n + 2);
            if (bytes.length < n + 2) {
                throw new EOFException();
            }
            out.writeBytes(bytes);
        } else if ("*~>".indexOf(type) >= 0) {
            for (long i = 0; i < n; i++) {
                value(out);
            }
        } else if (type == '%' || type == '|') {
            for (long i = 0; i < 2 * n; i++) {
                value(out);
            }
        }
    }

    private String line(ByteArrayOutputStream out) throws IOException {
        StringBuilder line = new StringBuilder();
        while (true) {
            int b = in.read();
            if (b < 0) {
                throw new EOFException("after " + out);
            }
            out.write(b);
            line.append((char) b);
            int length = line.length();
            if (b == '\n' && length > 1 && line.charAt(length - 2) == '\r') {
                return line.substring(0, length - 2);
            }
        }
    }

    /** All that comes until the other side ends, or resets. */
    String readAll() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            in.transferTo(out);
        } catch (IOException reset) {
            // Also an end.
        }
        return out.toString(StandardCharsets.ISO_8859_1);
    }

    /** Whether the other side has ended. */
    boolean ended() throws IOException {
        return in.read() < 0;
    }

    void endOutput() throws IOException {
        socket.shutdownOutput();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
