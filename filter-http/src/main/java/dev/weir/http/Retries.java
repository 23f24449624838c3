package dev.weir.http;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.Units;
import io.netty.handler.codec.http.HttpMethod;
import java.time.Duration;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/**
 * When a request is sent once more. Section {@code retries} of a route. Of a failure after which the request is for sure unprocessed any request may be sent
 * again: {@code onFailure(failure) && (failure.isUnprocessed() || allows(method))}.
 *
 * @param attempts most tries of a request, the first among them
 * @param on after what
 * @param statuses after which answers, besides
 * @param perTryNanos how long a try may take until the head of its answer; 0 for ever
 * @param backOffNanos the longest pause before the second try; before each further one it doubles
 * @param maxBackOffNanos the longest pause there is
 * @param bufferBytes how much of a body is kept for it; of a longer one nothing is sent again once it has gone on
 * @param unsafe whether also requests are sent again whose second execution may do something that the first one did not
 */
record Retries(
        int attempts,
        Set<RetryOn> on,
        Set<Integer> statuses,
        long perTryNanos,
        long backOffNanos,
        long maxBackOffNanos,
        int bufferBytes,
        boolean unsafe) {
    private static final Set<RetryOn> DEFAULT_ON =
            Set.copyOf(EnumSet.of(RetryOn.CONNECT_FAILED, RetryOn.REFUSED, RetryOn.STALE));
    private static final int LARGEST_BUFFER = 16 << 20;

    Retries {
        on = Set.copyOf(on);
        statuses = Set.copyOf(statuses);
    }

    static Retries read(ConfigNode route) {
        ConfigNode node = route.section("retries");
        int attempts = (int) node.integer("attempts", 2, 1, 10);
        Set<RetryOn> on = node.has("on") ? EnumSet.noneOf(RetryOn.class) : DEFAULT_ON;
        for (ConfigNode one : node.list("on")) {
            on.add(one.as(RetryOn::of, RetryOn.CONNECT_FAILED));
        }
        Set<Integer> statuses = new HashSet<>();
        for (ConfigNode one : node.list("statuses")) {
            statuses.add(one.as(Retries::status, 503));
        }
        long perTry = RouteTimeouts.nanos(node, "per_try_timeout", 0);
        long backOff =
                RouteTimeouts.nanos(node, "back_off", Duration.ofMillis(25).toNanos());
        long least = Math.max(backOff, Duration.ofMillis(250).toNanos());
        long maxBackOff = RouteTimeouts.nanos(node, "max_back_off", least);
        if (maxBackOff < backOff) {
            node.error(
                    "max_back_off",
                    Units.format(Duration.ofNanos(maxBackOff)) + " (expected: back_off or more, "
                            + Units.format(Duration.ofNanos(backOff)) + ")");
        }
        long buffer = node.size("buffer", 64 << 10);
        if (buffer > LARGEST_BUFFER) {
            node.error("buffer", Units.format(buffer) + " (expected: 0..16MiB)");
            buffer = 0;
        }
        boolean unsafe = node.bool("unsafe", false);
        node.rejectUnknown();
        return new Retries(attempts, on, statuses, perTry, backOff, maxBackOff, (int) buffer, unsafe);
    }

    private static int status(String text) {
        if (text.length() == 3) {
            int status = 0;
            for (int i = 0; i < 3; i++) {
                int digit = text.charAt(i) - '0';
                status = digit < 0 || digit > 9 ? -1000 : status * 10 + digit;
            }
            if (status >= 300 && status <= 599) {
                return status;
            }
        }
        throw new IllegalArgumentException("\"" + text + "\" (expected: a status, 300..599)");
    }

    /** Whether a try that failed so is followed by another one. */
    boolean onFailure(Failure failure) {
        for (RetryOn one : on) {
            if (one.covers(failure)) {
                return true;
            }
        }
        return false;
    }

    /** How long to wait before the next try: at random up to what doubles with each, so that clients do not come back all at once. */
    long pauseNanos(int tries) {
        long most = Math.min(maxBackOffNanos, backOffNanos << Math.min(tries - 1, 20));
        return most <= 0 ? 1 : ThreadLocalRandom.current().nextLong(most) + 1;
    }

    /** Whether such an answer is not passed on while there may be another try. */
    boolean onStatus(int status) {
        if (statuses.contains(status)) {
            return true;
        }
        for (RetryOn one : on) {
            if (one.covers(status)) {
                return true;
            }
        }
        return false;
    }

    /** Whether a request may be executed twice: its method is idempotent (RFC 9110, 9.2.2), or the route says so of all. */
    boolean allows(HttpMethod method) {
        if (unsafe) {
            return true;
        }
        return switch (method.name()) {
            case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE" -> true;
            default -> false;
        };
    }
}
