package dev.weir.core.net;

import dev.weir.core.filter.CloseReason;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.List;
import java.util.function.ToLongFunction;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** The meters of listeners and sessions, and the log of their failures. Meters are keyed by name, so they survive reloads. */
final class CoreMetrics {
    private final MeterRegistry meters;
    private final FailureLog failures;

    CoreMetrics(MeterRegistry meters) {
        this(meters, new FailureLog(LoggerFactory.getLogger("dev.weir.core.failures"), System::nanoTime));
    }

    CoreMetrics(MeterRegistry meters, FailureLog failures) {
        this.meters = meters;
        this.failures = failures;
    }

    MeterRegistry registry() {
        return meters;
    }

    /** A filter, or the core, failed on a connection, which is closed for it. */
    void filterFailed(String listener, String filter, Throwable cause) {
        filterErrors(listener, filter).increment();
        failures.report(Level.ERROR, "connection closed by an internal error", listener, filter, cause);
    }

    /** A sniffer threw what it did not mean to; its connection goes on. To be counted by {@link #sniffing}. */
    void snifferFailed(String listener, String protocol, Throwable cause) {
        failures.report(Level.WARN, "a sniffer failed, its bytes go on", listener, protocol, cause);
    }

    /** The meters of a listener, summed over its loops when read. */
    void listener(String listener, List<ListenerLoop> loops) {
        Tags tags = Tags.of("listener", listener);
        Gauge.builder("weir.connections.active", loops, l -> sum(l, s -> s.active.get()))
                .description("Client connections open now")
                .tags(tags)
                .register(meters);
        counter("weir.connections", "Client connections accepted", tags, loops, s -> s.total.get());
        bytes(tags, "client", "received", loops, s -> s.bytesFromClients.get());
        bytes(tags, "client", "sent", loops, s -> s.bytesToClients.get());
        bytes(tags, "upstream", "received", loops, s -> s.bytesFromUpstreams.get());
        bytes(tags, "upstream", "sent", loops, s -> s.bytesToUpstreams.get());
        for (CloseReason reason : CloseReason.values()) {
            counter(
                    "weir.connections.closed",
                    "Client connections closed, by reason and by the side that caused it",
                    tags.and("reason", reason.label(), "side", side(reason)),
                    loops,
                    s -> s.closedBy(reason));
        }
    }

    /** The meters of the process. */
    void process() {
        Gauge.builder("weir.buffer.memory", MemoryLimit::used)
                .description("Direct memory in use for buffers")
                .baseUnit("bytes")
                .register(meters);
    }

    private void bytes(
            Tags tags, String peer, String action, List<ListenerLoop> loops, ToLongFunction<ListenerLoop> value) {
        counter(
                "weir.bytes",
                "Bytes by peer, as seen from Weir",
                tags.and("peer", peer, "action", action),
                loops,
                value);
    }

    private static String side(CloseReason reason) {
        return reason.culprit().name().toLowerCase(java.util.Locale.ROOT);
    }

    private void counter(
            String name, String help, Tags tags, List<ListenerLoop> loops, ToLongFunction<ListenerLoop> value) {
        FunctionCounter.builder(name, loops, l -> sum(l, value))
                .description(help)
                .tags(tags)
                .register(meters);
    }

    private static double sum(List<ListenerLoop> loops, ToLongFunction<ListenerLoop> value) {
        return loops.stream().mapToLong(value).sum();
    }

    Counter holdTimeouts(String listener, String filter, String reason) {
        return Counter.builder("weir.holds.expired")
                .description("Connections closed as a filter held bytes beyond its deadline")
                .tags("listener", listener, "filter", filter, "reason", reason)
                .register(meters);
    }

    private Counter filterErrors(String listener, String filter) {
        return Counter.builder("weir.filter.errors")
                .description("Connections closed as a filter failed")
                .tags("listener", listener, "filter", filter)
                .register(meters);
    }

    /** {@code outcome}: gave_up, opaque, encrypted. */
    Counter sniffing(String listener, String protocol, String outcome, String reason) {
        return Counter.builder("weir.sniffer.stops")
                .description("Connections whose sniffer stopped decoding; the bytes went on")
                .tags("listener", listener, "protocol", protocol, "outcome", outcome, "reason", reason)
                .register(meters);
    }

    Counter proxyError(String listener, ProxyError error) {
        return Counter.builder("weir.proxy.protocol.errors")
                .description("Client connections closed for their PROXY protocol header, or for having none")
                .tags("listener", listener, "reason", error.label())
                .register(meters);
    }

    Counter refused(String listener, String reason) {
        return Counter.builder("weir.connections.refused")
                .description("Client connections refused at their start by the core")
                .tags("listener", listener, "reason", reason)
                .register(meters);
    }
}
