package dev.weir.testbeds;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A Redis client that says nothing of its own, keeps keys as bytes and answers as they come. */
final class RespPipe implements AutoCloseable {
    private static final int BATCH = 100;

    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;

    RespPipe(int port) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(60_000);
        in = new BufferedInputStream(socket.getInputStream(), 64 << 10);
        out = new BufferedOutputStream(socket.getOutputStream(), 64 << 10);
    }

    static byte[][] command(String... words) {
        byte[][] command = new byte[words.length][];
        for (int i = 0; i < words.length; i++) {
            command[i] = words[i].getBytes(StandardCharsets.UTF_8);
        }
        return command;
    }

    /** The answer to one command, as it was sent: {@code +OK}, or {@code $1}, a line end and {@code v}. */
    String ask(String... words) throws IOException {
        return all(List.<byte[][]>of(command(words))).get(0);
    }

    /** The answers to some commands, pipelined. */
    List<String> all(List<byte[][]> commands) throws IOException {
        List<String> answers = new ArrayList<>(commands.size());
        for (int from = 0; from < commands.size(); from += BATCH) {
            List<byte[][]> some = commands.subList(from, Math.min(commands.size(), from + BATCH));
            for (byte[][] command : some) {
                write("*" + command.length);
                for (byte[] word : command) {
                    write("$" + word.length);
                    out.write(word);
                    write("");
                }
            }
            out.flush();
            for (int i = 0; i < some.size(); i++) {
                answers.add(read());
            }
        }
        return answers;
    }

    /** Sends text as it is. */
    void send(String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    private void write(String line) throws IOException {
        out.write((line + "\r\n").getBytes(StandardCharsets.US_ASCII));
    }

    /** The next answer. */
    String read() throws IOException {
        String line = line();
        if (line.startsWith("*")) {
            StringBuilder all = new StringBuilder(line);
            for (int i = Integer.parseInt(line.substring(1)); i > 0; i--) {
                all.append('\n').append(read());
            }
            return all.toString();
        }
        if (!line.startsWith("$") || line.equals("$-1")) {
            return line;
        }
        byte[] payload = in.readNBytes(Integer.parseInt(line.substring(1)));
        in.skipNBytes(2);
        return line + "\n" + new String(payload, StandardCharsets.UTF_8);
    }

    private String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                throw new EOFException("closed");
            }
            line.write(b);
        }
        return line.toString(StandardCharsets.UTF_8).stripTrailing();
    }

    /** Whether the other side closes without another word. */
    boolean isClosed() throws IOException {
        try {
            return in.read() < 0;
        } catch (java.net.SocketException reset) {
            return true;
        }
    }

    /** All that comes until the other side closes. */
    String rest() throws IOException {
        return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
