package dev.weir.tls.exec;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;

/** What became of programs. */
final class ExecMetrics {
    final Counter started;
    final Counter failed;
    final Counter limited;
    final Counter unsupported;
    private final Counter ok;
    private final Counter error;
    private final Counter signal;

    ExecMetrics(MeterRegistry meters, String listener) {
        started = Counter.builder("weir_exec_started")
                .description("Programs that were started for connections")
                .tag("listener", listener)
                .register(meters);
        failed = failed(meters, listener, "start");
        limited = failed(meters, listener, "limit");
        unsupported = failed(meters, listener, "transport");
        ok = ended(meters, listener, "ok");
        error = ended(meters, listener, "error");
        signal = ended(meters, listener, "signal");
    }

    private static Counter failed(MeterRegistry meters, String listener, String reason) {
        return Counter.builder("weir_exec_failed")
                .description("Connections whose program was not started")
                .tag("listener", listener)
                .tag("reason", reason)
                .register(meters);
    }

    private static Counter ended(MeterRegistry meters, String listener, String status) {
        return Counter.builder("weir_exec_ended")
                .description("Programs that came to their end")
                .tag("listener", listener)
                .tag("status", status)
                .register(meters);
    }

    /** {@code status} is what {@code waitpid} tells. */
    void ended(int status) {
        if ((status & 0x7f) != 0) {
            signal.increment();
        } else if (status == 0) {
            ok.increment();
        } else {
            error.increment();
        }
    }
}
