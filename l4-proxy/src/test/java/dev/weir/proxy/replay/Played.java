package dev.weir.proxy.replay;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.ExchangeLines;
import dev.weir.core.protocol.Protocol;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/** What came of a replay. */
final class Played {
    final List<String> lines;
    final ReplayCounts counts;
    final String report;
    final List<String> problems;
    final @Nullable String problem;
    long mostWaiting;
    int mostOpen;

    private Played(Path file, Protocol protocol, int port, Map<String, ?> settings) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (CaptureSet captures = CaptureSet.open(List.of(file.toString()));
                Replay replay = new Replay(
                        captures, protocol, settings, port, new PrintStream(out, false, StandardCharsets.UTF_8))) {
            while (replay.step()) {
                mostWaiting = Math.max(mostWaiting, replay.waiting());
                mostOpen = Math.max(mostOpen, replay.open());
            }
            problem = replay.finish();
            if (replay.waiting() != 0 || replay.open() != 0) {
                throw new AssertionError(
                        replay.waiting() + " bytes and " + replay.open() + " connections are left (expected: none)");
            }
            counts = replay.counts();
            problems = captures.problems();
        }
        report = String.join("\n", counts.lines());
        lines = out.toString(StandardCharsets.UTF_8).lines().toList();
    }

    static Played redis(Path file) throws IOException {
        return of(file, protocol("redis"), -1);
    }

    static Played of(Path file, Protocol protocol, int port) throws IOException {
        return new Played(file, protocol, port, Map.of());
    }

    static Played of(Path file, Protocol protocol, int port, Map<String, ?> settings) throws IOException {
        return new Played(file, protocol, port, settings);
    }

    static Protocol protocol(String name) {
        for (Protocol protocol : ServiceLoader.load(Protocol.class)) {
            if (protocol.name().equals(name) || protocol.aliases().contains(name)) {
                return protocol;
            }
        }
        throw new IllegalArgumentException("no protocol " + name);
    }

    /** Exchanges as a replay writes them. */
    static List<String> lines(List<Exchange> exchanges) throws IOException {
        ExchangeLines lines = new ExchangeLines(new CaptureClock());
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (Exchange exchange : exchanges) {
            lines.add(exchange);
        }
        lines.writeTo(out);
        return out.toString(StandardCharsets.UTF_8).lines().toList();
    }

    /** Without what tells where and when, but not for how long. */
    static List<String> withoutPlace(List<String> lines) {
        return without(lines, "time|listener|connection|client|upstream|cluster");
    }

    static List<String> withoutTimes(List<String> lines) {
        return without(withoutPlace(lines), "(first_byte|duration|queue|upstream|transaction|transaction_idle)_us");
    }

    private static List<String> without(List<String> lines, String fields) {
        return lines.stream()
                .map(line -> line.replaceAll("\"(?:" + fields + ")\":(?:\"[^\"]*\"|[0-9]+),?", ""))
                .toList();
    }
}
