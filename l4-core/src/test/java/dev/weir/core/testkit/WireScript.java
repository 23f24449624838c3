package dev.weir.core.testkit;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.filter.Direction;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A recorded conversation, readable in review, with what is expected of a sniffer that sees it. One thing a line:
 *
 * <pre>
 * # a remark
 * server: redis 7.0.15
 * C: *1\r\n$4\r\nPING\r\n      bytes from the client, one burst; \r \n \t \\ \xHH
 * +120us                       time passes (us or ms)
 * S: +PONG\r\n                 bytes from the server
 * W: -ERR no\r\n               bytes to the client that Weir made
 * E: PING | status=ok rows=1   an exchange, in the order they are handed in: its command and some of its fields;
 *                              field=- means that it is absent, field="a b" is written as bytes are
 * O: gave_up:reason            how the sniffer stops; absent: it does not
 * </pre>
 *
 * At the end the connection is closed.
 */
public final class WireScript {
    /**
     * Bytes that came at one time.
     *
     * @param direction where they go
     * @param madeByWeir whether Weir made them
     * @param nanos when they came
     */
    public record Burst(Direction direction, boolean madeByWeir, long nanos, byte[] bytes) {}

    /**
     * An expected exchange.
     *
     * @param command name of the operation
     * @param fields expected values by field
     */
    public record Expected(String command, Map<String, String> fields) {}

    private static final Pattern FIELD = Pattern.compile("([^ =]+)=(?:\"([^\"]*)\"|([^ ]*))");

    private final String name;
    private final String server;
    private final String outcome;
    private final List<Burst> bursts;
    private final List<Expected> expected;

    private WireScript(String name, String server, String outcome, List<Burst> bursts, List<Expected> expected) {
        this.name = name;
        this.server = server;
        this.outcome = outcome;
        this.bursts = List.copyOf(bursts);
        this.expected = List.copyOf(expected);
    }

    /** Reads {@code wire/NAME.txt} beside {@code anchor}'s class path root. */
    public static WireScript load(Class<?> anchor, String name) {
        try (InputStream in = anchor.getResourceAsStream("/wire/" + name + ".txt")) {
            if (in == null) {
                throw new IllegalArgumentException("no wire/" + name + ".txt on the class path");
            }
            return parse(name, new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Reads a script from text. */
    public static WireScript parse(String name, String text) {
        String server = "";
        String outcome = "";
        long nanos = 1_000_000_000L;
        List<Burst> bursts = new ArrayList<>();
        List<Expected> expected = new ArrayList<>();
        int number = 0;
        for (String line : text.split("\n", -1)) {
            number++;
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            if (line.startsWith("server: ")) {
                server = line.substring(8);
            } else if (line.startsWith("+")) {
                nanos += duration(line.substring(1).strip());
            } else if (line.startsWith("C: ")) {
                bursts.add(new Burst(Direction.TO_UPSTREAM, false, nanos, unescape(line.substring(3))));
            } else if (line.startsWith("S: ") || line.startsWith("W: ")) {
                bursts.add(new Burst(Direction.TO_CLIENT, line.startsWith("W"), nanos, unescape(line.substring(3))));
            } else if (line.startsWith("E: ")) {
                expected.add(expected(line.substring(3)));
            } else if (line.startsWith("O: ")) {
                outcome = line.substring(3).strip();
            } else {
                throw new IllegalArgumentException(
                        name + ":" + number + ": \"" + line + "\" (expected: #, server:, +, C:, S:, W:, E: or O:)");
            }
        }
        return new WireScript(name, server, outcome, bursts, expected);
    }

    private static long duration(String text) {
        if (text.endsWith("us")) {
            return Long.parseLong(text.substring(0, text.length() - 2)) * 1000;
        }
        if (text.endsWith("ms")) {
            return Long.parseLong(text.substring(0, text.length() - 2)) * 1_000_000;
        }
        throw new IllegalArgumentException("\"" + text + "\" (expected: a number and us or ms)");
    }

    private static Expected expected(String line) {
        int bar = line.indexOf('|');
        String command = (bar < 0 ? line : line.substring(0, bar)).strip();
        Map<String, String> fields = new LinkedHashMap<>();
        if (bar >= 0) {
            Matcher field = FIELD.matcher(line).region(bar + 1, line.length());
            while (field.find()) {
                String quoted = field.group(2);
                fields.put(
                        field.group(1),
                        quoted == null ? field.group(3) : new String(unescape(quoted), StandardCharsets.UTF_8));
            }
        }
        return new Expected(command, fields);
    }

    /** Bytes as a script writes them. */
    public static String escape(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        for (byte b : bytes) {
            switch (b) {
                case '\r' -> text.append("\\r");
                case '\n' -> text.append("\\n");
                case '\t' -> text.append("\\t");
                case '\\' -> text.append("\\\\");
                default -> {
                    if (b >= ' ' && b < 0x7f) {
                        text.append((char) b);
                    } else {
                        text.append(String.format("\\x%02x", b & 0xff));
                    }
                }
            }
        }
        return text.toString();
    }

    /** The bytes that a script's text means. */
    public static byte[] unescape(String text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int i = 0; i < text.length(); i++) {
            int c = text.codePointAt(i);
            if (c != '\\') {
                bytes.writeBytes(Character.toString(c).getBytes(StandardCharsets.UTF_8));
                i += Character.charCount(c) - 1;
                continue;
            }
            char escaped = text.charAt(++i);
            switch (escaped) {
                case 'r' -> bytes.write('\r');
                case 'n' -> bytes.write('\n');
                case 't' -> bytes.write('\t');
                case '\\' -> bytes.write('\\');
                case 'x' -> {
                    bytes.write(Integer.parseInt(text.substring(i + 1, i + 3), 16));
                    i += 2;
                }
                default -> throw new IllegalArgumentException("\\" + escaped + " (expected: \\r \\n \\t \\\\ \\xHH)");
            }
        }
        return bytes.toByteArray();
    }

    /** Its name. */
    public String name() {
        return name;
    }

    /** Server and version it was recorded from. */
    public String server() {
        return server;
    }

    /** How the sniffer is expected to stop, as {@link SnifferTester#outcome()}. */
    public String outcome() {
        return outcome;
    }

    /** The bytes, in order. */
    public List<Burst> bursts() {
        return bursts;
    }

    /** The exchanges that are expected. */
    public List<Expected> expected() {
        return expected;
    }

    /** Plays it, each burst at once, and closes. */
    public void play(SnifferTester tester) {
        long nanos = 0;
        for (Burst burst : bursts) {
            tester.madeByWeir(burst.madeByWeir());
            tester.feed(burst.direction(), burst.bytes(), burst.nanos());
            nanos = burst.nanos();
        }
        tester.close(nanos);
    }

    /** What differs between what is expected and {@code tester}'s exchanges and outcome; empty if nothing. */
    public List<String> differences(SnifferTester tester) {
        List<String> differences = new ArrayList<>();
        if (!outcome.equals(tester.outcome())) {
            differences.add("outcome is \"" + tester.outcome() + "\" (expected: \"" + outcome + "\")");
        }
        List<Exchange> actual = tester.recorded().all();
        List<String> lines = tester.recorded().lines();
        for (int i = 0; i < Math.max(actual.size(), expected.size()); i++) {
            if (i >= actual.size()) {
                differences.add("exchange " + i + " is missing (expected: " + expected.get(i) + ")");
            } else if (i >= expected.size()) {
                differences.add("exchange " + i + " is \"" + lines.get(i) + "\" (expected: none)");
            } else {
                differ(i, actual.get(i), lines.get(i), differences);
            }
        }
        return differences;
    }

    private void differ(int i, Exchange actual, String line, List<String> differences) {
        Expected want = expected.get(i);
        Map<String, String> fields = RecordingExchanges.fields(actual);
        boolean same = want.command().equals(actual.operation().name());
        for (Map.Entry<String, String> field : want.fields().entrySet()) {
            same &= field.getValue().equals(fields.getOrDefault(field.getKey(), "-"));
        }
        if (!same) {
            differences.add("exchange " + i + " is \"" + line + "\" (expected: " + want + ")");
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
