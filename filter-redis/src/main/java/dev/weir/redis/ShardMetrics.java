package dev.weir.redis;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** What is counted of the links to one shard: by each loop for itself, added up when somebody asks. */
final class ShardMetrics {
    private static final VarHandle CELL = MethodHandles.arrayElementVarHandle(long[].class);

    private enum Count {
        REQUESTS("weir_redis_shard_requests", "Commands sent to the shard"),
        REQUEST_BYTES("weir_redis_shard_request_bytes", "Bytes of the commands sent to the shard"),
        RESPONSES("weir_redis_shard_responses", "Answers of the shard"),
        RESPONSE_BYTES("weir_redis_shard_response_bytes", "Bytes received from the shard"),
        ERRORS("weir_redis_shard_errors", "Answers of the shard that were errors"),
        TIMEOUTS("weir_redis_shard_timeouts", "Commands that were not answered in time"),
        FAILURES("weir_redis_shard_connection_failures", "Connections to the shard that failed or were lost"),
        CONNECTIONS("weir_redis_shard_connections", "Connections to the shard that were made"),
        ENDED("weir_redis_shard_connections_ended", "Connections that the shard ended"),
        BROKEN("weir_redis_shard_connection_errors", "Connections to the shard that could not be made, or broke"),
        MICROS("weir_redis_shard_upstream_microseconds", "Time from sending commands to their answers, summed up"),
        OPEN("weir_redis_shard_connections_open", "Connections to the shard that are open", true),
        QUEUED("weir_redis_shard_queued", "Commands that wait for a connection to the shard", true),
        QUEUED_BYTES(
                "weir_redis_shard_queued_bytes", "Bytes of the commands that wait for a connection to the shard", true),
        PENDING("weir_redis_shard_pending", "Commands that were sent to the shard and are not answered", true),
        PENDING_BYTES("weir_redis_shard_pending_bytes", "Bytes of the commands that are not answered", true);

        private final String label;
        private final String description;
        /** Whether it goes down, too. */
        private final boolean level;

        Count(String label, String description) {
            this(label, description, false);
        }

        Count(String label, String description, boolean level) {
            this.label = label;
            this.description = description;
            this.level = level;
        }
    }

    private final Map<Integer, Counts> loops = new ConcurrentHashMap<>();

    ShardMetrics(MeterRegistry meters, String listener, String cluster, String endpoint) {
        Tags tags = Tags.of("listener", listener, "cluster", cluster, "endpoint", endpoint);
        for (Count count : Count.values()) {
            if (count.level) {
                Gauge.builder(count.label, this, shard -> shard.sum(count))
                        .description(count.description)
                        .tags(tags)
                        .register(meters);
            } else {
                FunctionCounter.builder(count.label, this, shard -> shard.sum(count))
                        .description(count.description)
                        .tags(tags)
                        .register(meters);
            }
        }
    }

    private double sum(Count count) {
        double sum = 0;
        for (Counts counts : loops.values()) {
            sum += counts.get(count);
        }
        return sum;
    }

    /** The counters of a loop, for that loop only. */
    Counts onLoop(int index) {
        return loops.computeIfAbsent(index, key -> new Counts());
    }

    /** Counters with a single writer. */
    static final class Counts {
        private final long[] cells = new long[Count.values().length];

        private void add(Count count, long delta) {
            int i = count.ordinal();
            CELL.setOpaque(cells, i, cells[i] + delta);
        }

        private long get(Count count) {
            return (long) CELL.getOpaque(cells, count.ordinal());
        }

        void request(int bytes) {
            add(Count.REQUESTS, 1);
            add(Count.REQUEST_BYTES, bytes);
        }

        /** Of a command whose begin has been counted. */
        void more(int bytes) {
            add(Count.REQUEST_BYTES, bytes);
        }

        void received(int bytes) {
            add(Count.RESPONSE_BYTES, bytes);
        }

        void answered(boolean error, long nanoseconds) {
            add(Count.RESPONSES, 1);
            add(Count.MICROS, nanoseconds / 1_000);
            if (error) {
                add(Count.ERRORS, 1);
            }
        }

        void timedOut() {
            add(Count.TIMEOUTS, 1);
        }

        void failed() {
            add(Count.FAILURES, 1);
        }

        void opened() {
            add(Count.OPEN, 1);
        }

        void closed() {
            add(Count.OPEN, -1);
        }

        void ended() {
            add(Count.ENDED, 1);
        }

        /** A connection could not be made. */
        void unmade() {
            failed();
            broken();
        }

        void broken() {
            add(Count.BROKEN, 1);
        }

        void queued(int bytes) {
            add(Count.QUEUED, 1);
            add(Count.QUEUED_BYTES, bytes);
        }

        void unqueued(int bytes) {
            add(Count.QUEUED, -1);
            add(Count.QUEUED_BYTES, -bytes);
        }

        void pending(int bytes) {
            add(Count.PENDING, 1);
            add(Count.PENDING_BYTES, bytes);
        }

        void settled(int bytes) {
            add(Count.PENDING, -1);
            add(Count.PENDING_BYTES, -bytes);
        }

        void connected() {
            add(Count.CONNECTIONS, 1);
        }
    }
}
