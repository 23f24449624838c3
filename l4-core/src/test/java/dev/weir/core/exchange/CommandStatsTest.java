package dev.weir.core.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import dev.weir.core.exchange.CommandStats.CommandRow;
import dev.weir.core.exchange.CommandStats.ErrorRow;
import dev.weir.core.exchange.CommandStats.SeriesRow;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.LongStream;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class CommandStatsTest {
    private final SinkBed bed = new SinkBed();
    private final TestConnection connection = TestConnection.any();

    private CommandRow only() {
        List<CommandRow> rows = bed.sinks.commands().rows();
        assertThat(rows).hasSize(1);
        return rows.get(0);
    }

    @Test
    void countsEachExchangeOnce() {
        bed.emit(0, connection, SinkBed.GET, e -> {
            e.requestBytes = 30;
            e.responseBytes = 100;
            e.rows = 1;
            e.hit = 1;
            e.durationNanos = 250_000;
        });
        bed.emit(1, new TestConnection(2, "orders", "10.1.1.2"), SinkBed.GET, e -> {
            e.requestBytes = 30;
            e.responseBytes = 5;
            e.hit = 0;
            e.durationNanos = 150_000;
        });
        bed.emit(0, connection, SinkBed.GET, e -> {
            e.status = Exchange.Status.ERROR;
            e.error = "WRONGTYPE";
            e.durationNanos = 50_000;
        });
        bed.emit(0, connection, SinkBed.GET, e -> e.status = Exchange.Status.NO_REPLY);
        bed.emit(0, connection, SinkBed.GET, e -> e.status = Exchange.Status.ABORTED);

        CommandRow row = only();

        assertThat(row)
                .isEqualTo(new CommandRow(
                        "orders",
                        "redis",
                        "redis",
                        "GET",
                        5,
                        row.perSecond(),
                        1,
                        1,
                        1,
                        0,
                        1,
                        1,
                        1,
                        60,
                        105,
                        3,
                        450,
                        150,
                        250,
                        250,
                        250,
                        250));
    }

    @Test
    void keepsWaitsAndUntimedOnesOutOfTheLatencies() {
        bed.emit(0, connection, SinkBed.GET, e -> {
            e.longWait = true;
            e.durationNanos = 9_000_000_000L;
        });
        bed.emit(0, connection, SinkBed.GET, e -> e.durationNanos = -1);

        CommandRow row = only();

        assertThat(row.calls()).isEqualTo(2);
        assertThat(row.waits()).isEqualTo(1);
        assertThat(row.timed()).isZero();
        assertThat(row.totalMicros()).isZero();
        assertThat(row.p50()).isEqualTo(-1);
        assertThat(row.max()).isEqualTo(-1);
        assertThat(bed.sinks.commands().series()).isEmpty();
        assertThat(bed.sinks.slow().newest(10)).isEmpty();
    }

    @Test
    void agreesWithHdrHistogram() {
        Random random = new Random(7);
        Histogram reference = new Histogram(LatencyRecorder.MAX_MICROS, LatencyRecorder.DIGITS);
        for (int i = 0; i < 50_000; i++) {
            long micros = (long) Math.exp(random.nextGaussian() * 3 + 5);
            reference.recordValue(Math.min(micros, LatencyRecorder.MAX_MICROS));
            bed.emit(i & 1, connection, SinkBed.GET, e -> e.durationNanos = micros * 1_000);
        }

        CommandRow row = only();

        assertThat(row.timed()).isEqualTo(50_000);
        assertThat(row.p50()).isEqualTo(reference.getValueAtPercentile(50));
        assertThat(row.p90()).isEqualTo(reference.getValueAtPercentile(90));
        assertThat(row.p99()).isEqualTo(reference.getValueAtPercentile(99));
        assertThat(row.p999()).isEqualTo(reference.getValueAtPercentile(99.9));
    }

    @Test
    void showsOneSeriesPerLabelCombination() {
        bed.emit(0, connection, SinkBed.GET, e -> {
            e.namespace = "0";
            e.durationNanos = 50_000;
        });
        bed.emit(1, new TestConnection(2, "orders", "10.1.1.2"), SinkBed.GET, e -> {
            e.namespace = "0";
            e.durationNanos = 50_001;
        });

        SeriesRow row = bed.sinks.commands().series().get(0);

        assertThat(bed.sinks.commands().series()).hasSize(1);
        assertThat(row.listener()).isEqualTo("orders");
        assertThat(row.systemName()).isEqualTo("redis");
        assertThat(row.namespace()).isEqualTo("0");
        assertThat(row.operation()).isEqualTo("GET");
        assertThat(row.collection()).isNull();
        assertThat(row.summary()).isNull();
        assertThat(row.errorType()).isNull();
        assertThat(row.serverAddress()).isEqualTo("10.0.0.5");
        assertThat(row.serverPort()).isEqualTo("6379");
        assertThat(row.buckets()).startsWith(1, 1, 0).hasSize(CommandStats.buckets().length + 1);
        assertThat(row.count()).isEqualTo(2);
        assertThat(row.sumSeconds()).isEqualTo(0.000100001, within(1e-12));
    }

    @Test
    void separatesSeriesByServerCollectionSummaryAndError() {
        bed.emit(0, connection, SinkBed.GET, e -> e.durationNanos = 1);
        connection.upstream = "[::1]:6379";
        bed.emit(0, connection, SinkBed.GET, e -> e.durationNanos = 1);
        connection.upstream = "unix:/run/redis.sock";
        bed.emit(0, connection, SinkBed.GET, e -> e.durationNanos = 1);
        bed.emit(0, connection, SinkBed.GET, e -> {
            e.durationNanos = 1;
            e.byWeir = true;
        });
        bed.emit(0, connection, SinkBed.GET, e -> {
            e.durationNanos = 1;
            e.collection = "customers";
        });
        bed.emit(0, connection, SinkBed.GET, e -> {
            e.durationNanos = 1;
            e.summary = "SELECT customers";
        });
        bed.emit(0, connection, SinkBed.GET, e -> {
            e.durationNanos = 1;
            e.status = Exchange.Status.ERROR;
        });

        assertThat(bed.sinks.commands().series())
                .extracting(
                        SeriesRow::serverAddress,
                        SeriesRow::serverPort,
                        SeriesRow::collection,
                        SeriesRow::summary,
                        SeriesRow::errorType)
                .containsExactlyInAnyOrder(
                        tuple("10.0.0.5", "6379", null, null, null),
                        tuple("::1", "6379", null, null, null),
                        tuple("unix:/run/redis.sock", null, null, null, null),
                        tuple(null, null, null, null, null),
                        tuple("unix:/run/redis.sock", null, "customers", null, null),
                        tuple("unix:/run/redis.sock", null, null, "SELECT customers", null),
                        tuple("unix:/run/redis.sock", null, null, null, "_OTHER"));
    }

    @Test
    void plainConnectionsAreNoSeries() {
        Exchange e = bed.sinks.forLoop(0).open().of(connection, "tcp", SinkBed.GET);
        e.durationNanos = 1;

        bed.sinks.forLoop(0).emit(e);

        assertThat(bed.sinks.commands().series()).isEmpty();
        assertThat(only().protocol()).isEqualTo("tcp");
    }

    @Test
    void listsErrorsWithFirstAndLastTime() {
        bed.emit(0, connection, SinkBed.GET, CommandStatsTest::moved);
        bed.clock.advance(Duration.ofSeconds(3));
        bed.emit(1, connection, SinkBed.SET, CommandStatsTest::moved);

        long start = bed.clock.epochMicros(0);
        assertThat(bed.sinks.commands().errors())
                .containsExactly(new ErrorRow("orders", "redis", "MOVED", 2, start, start + 3_000_000));
    }

    private static void moved(Exchange e) {
        e.status = Exchange.Status.ERROR;
        e.error = "MOVED";
    }

    @Test
    void countsFurtherErrorCodesTogether() {
        for (int i = 0; i < 100_000; i++) {
            String code = "E" + i;
            bed.emit(0, connection, SinkBed.GET, e -> {
                e.status = Exchange.Status.ERROR;
                e.error = code;
            });
        }

        assertThat(bed.sinks.commands().errors()).hasSize(CommandFamily.MAX_ERRORS + 1);
        assertThat(bed.sinks.commands().errors().get(0).code()).isEqualTo("_OTHER");
        assertThat(bed.sinks.commands().errors().get(0).count()).isEqualTo(100_000 - CommandFamily.MAX_ERRORS);
    }

    @Test
    void goesOnCountingUnderAnotherOperationOfTheSameName() {
        Operations again = Operations.builder().build();
        Operations.Builder builder = Operations.builder();
        builder.add("PING", false);
        Operation get = builder.add("GET", true);
        bed.get(connection, 5);
        bed.emit(0, connection, get, e -> e.durationNanos = 7_000);
        bed.emit(0, connection, again.other(), e -> {});

        assertThat(bed.sinks.commands().rows())
                .extracting(CommandRow::command, CommandRow::calls)
                .containsExactly(tuple("GET", 2L), tuple("_OTHER", 1L));
    }

    @Test
    void ratesAreOfTheLastTenSeconds() {
        bed.clock.advance(Duration.ofSeconds(100));
        for (int i = 0; i < 500; i++) {
            bed.get(connection, 5);
        }
        assertThat(only().perSecond()).isEqualTo(5, within(1e-9));
        bed.clock.advance(Duration.ofSeconds(2));
        for (int i = 0; i < 500; i++) {
            bed.get(connection, 5);
        }

        assertThat(only().perSecond()).isEqualTo(250, within(1e-9));
    }

    @Test
    void readersSeeEverythingWhileALoopWrites() throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        long[] emitted = new long[1];
        Thread loop = new Thread(() -> {
            Random random = new Random(1);
            while (!stop.get()) {
                long nanos = random.nextInt(50_000_000);
                bed.emit(0, connection, SinkBed.GET, e -> e.durationNanos = nanos);
                emitted[0]++;
            }
        });
        loop.start();
        long before = 0;
        for (int i = 0; i < 300; i++) {
            for (CommandRow row : bed.sinks.commands().rows()) {
                assertThat(row.calls()).isGreaterThanOrEqualTo(before);
                before = row.calls();
            }
            for (SeriesRow row : bed.sinks.commands().series()) {
                assertThat(row.count()).isEqualTo(LongStream.of(row.buckets()).sum());
            }
        }
        stop.set(true);
        loop.join();

        assertThat(only().calls()).isEqualTo(emitted[0]);
        assertThat(only().timed()).isEqualTo(emitted[0]);
        assertThat(bed.sinks.commands().series().get(0).count()).isEqualTo(emitted[0]);
    }
}
