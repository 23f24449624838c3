package dev.weir.core.exchange;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class AccessLogTest {
    @TempDir
    Path folder;

    private final TestClock clock = new TestClock();
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final TestConnection connection = TestConnection.any();

    private double meter(String name) {
        return meters.get(name).functionCounter().count();
    }

    private Exchange get(long rows) {
        Exchange e = new Exchange().of(connection, "redis", SinkBed.GET);
        e.rows = rows;
        return e;
    }

    @Test
    void writesALinePerExchangeOfAllLoops() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        AccessLog log = AccessLog.toStream(out, clock, meters);
        SinkBed bed = new SinkBed(100, List.of(log));
        for (int i = 0; i < 3_000; i++) {
            bed.get(connection, i);
        }
        bed.emit(1, new TestConnection(2, "carts", "10.1.1.2"), SinkBed.SET, e -> {});
        double written = 0;
        double dropped = meter("weir.access.log.dropped");
        while (written < 3_001) {
            written = meter("weir.access.log.lines");
        }
        log.close();

        List<String> lines = out.toString(UTF_8).lines().toList();
        assertThat(lines).hasSize(3_001).allMatch(line -> line.startsWith("{\"time\":") && line.endsWith("}"));
        assertThat(lines)
                .filteredOn(line -> line.contains("\"listener\":\"carts\""))
                .hasSize(1);
        assertThat(lines.get(7)).contains("\"duration_us\":7");
        assertThat(dropped).isZero();
    }

    @Test
    void writesWhatWaitsBeforeItEnds() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        AccessLog log = AccessLog.toStream(out, clock, meters);
        ExchangeSink sink = log.forLoop(0);
        for (int i = 0; i < AccessLog.RING_SIZE; i++) {
            sink.onExchange(get(i));
        }
        log.close();

        assertThat(out.toString(UTF_8).lines()).hasSize(AccessLog.RING_SIZE);
    }

    @Test
    void aSlowOutputLosesLinesAndNeverBlocksTheLoop() throws Exception {
        CountDownLatch stuck = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        OutputStream slow = new OutputStream() {
            @Override
            public void write(int b) {
                throw new UnsupportedOperationException();
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                stuck.countDown();
                try {
                    release.await();
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
                out.write(bytes, offset, length);
            }
        };
        AccessLog log = AccessLog.toStream(slow, 64, clock, meters);
        ExchangeSink sink = log.forLoop(0);
        sink.onExchange(get(0));
        assertThat(stuck.await(10, TimeUnit.SECONDS)).isTrue();
        for (int i = 0; i < 1_000; i++) {
            sink.onExchange(get(i));
        }
        double dropped = log.dropped();
        release.countDown();
        log.close();

        assertThat(dropped).isEqualTo(1_000 - 64);
        assertThat(out.toString(UTF_8).lines()).hasSize(65);
    }

    @Test
    void aFailingOutputIsCounted() {
        OutputStream broken = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("Broken pipe");
            }
        };
        AccessLog log = AccessLog.toStream(broken, clock, meters);
        ExchangeSink sink = log.forLoop(0);
        sink.onExchange(get(1));
        sink.onExchange(get(2));
        log.close();

        assertThat(log.lastError()).hasMessage("Broken pipe");
        assertThat(log.errors()).isBetween(1L, 2L);
        assertThat(log.dropped()).isEqualTo(2);
        assertThat(log.written()).isZero();
    }

    @Test
    void anExchangeThatCannotBeWrittenDoesNotSpoilTheOthers() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        AccessLog log = AccessLog.toStream(out, clock, meters);
        ExchangeSink sink = log.forLoop(0);
        Exchange odd = get(2);
        odd.target = "\ud83d alone";
        Exchange bad = new Exchange();
        sink.onExchange(get(1));
        sink.onExchange(odd);
        sink.onExchange(bad);
        sink.onExchange(get(3));
        log.close();

        List<String> lines = out.toString(UTF_8).lines().toList();
        assertThat(lines).hasSize(3).allMatch(line -> line.startsWith("{\"time\"") && line.endsWith("}"));
        assertThat(lines.get(1)).contains("\"rows\":2");
        assertThat(lines.get(2)).contains("\"rows\":3");
        assertThat(log.dropped()).isEqualTo(1);
    }

    @Test
    void appendsToItsFileAndOpensItAnew() throws Exception {
        Path file = folder.resolve("exchanges.jsonl");
        Path rotated = folder.resolve("exchanges.jsonl.1");
        Files.writeString(file, "{}\n");
        AccessLog log = AccessLog.toFile(file, clock, meters);
        ExchangeSink sink = log.forLoop(0);
        sink.onExchange(get(1));
        while (log.written() < 1) {
            Thread.onSpinWait();
        }
        Files.move(file, rotated);
        log.reopen();
        while (!Files.exists(file)) {
            Thread.onSpinWait();
        }
        sink.onExchange(get(2));
        log.close();

        assertThat(Files.readAllLines(rotated)).hasSize(2).first().isEqualTo("{}");
        assertThat(Files.readAllLines(file)).singleElement().asString().contains("\"rows\":2");
    }

    @Test
    void removesItsMeters() {
        AccessLog.toStream(new ByteArrayOutputStream(), clock, meters).close();

        assertThat(meters.getMeters()).isEmpty();
    }
}
