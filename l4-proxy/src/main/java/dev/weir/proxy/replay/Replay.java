package dev.weir.proxy.replay;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.ProxyConfig;
import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.ExchangeLines;
import dev.weir.core.exchange.ExchangeSink;
import dev.weir.core.exchange.ExchangeSinks;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.Protocol;
import dev.weir.core.protocol.Sniffer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Shows the connections in captures to a protocol's sniffer. One thread's; used once. */
public final class Replay implements AutoCloseable {
    private static final int MAX_CONNECTIONS = 16_384;
    private static final long IDLE_NANOS = Duration.ofHours(1).toNanos();
    private static final int BATCH = 64 << 10;
    private static final ProxyConfig.SinkConfig LIMITS = new ProxyConfig.SinkConfig(2_000, Duration.ofSeconds(1), 100);

    private final CaptureSet captures;
    private final Protocol protocol;
    private final int port;
    private final @Nullable PrintStream out;
    private final ReplayCounts counts = new ReplayCounts();
    private final CaptureClock clock = new CaptureClock();
    private final ExchangeLines lines = new ExchangeLines(clock);
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final ExchangeSinks sinks;
    private final ReplayEnvironment environment;
    private final PerLoop.PerConnection<Sniffer> sniffers;
    private final Dissector dissector = new Dissector();
    private final TcpPacket tcp = new TcpPacket();
    private final Flow.Budget budget = new Flow.Budget();
    /** The one that was idle for longest comes first. */
    private final Map<FlowKey, Flow> flows = new LinkedHashMap<>(64, 0.75f, true);
    /** Where the streams of connections began that are over: what comes late is not a new one. */
    private final Map<FlowKey, Integer> over = new LinkedHashMap<>();

    private ByteBuf view = Unpooled.EMPTY_BUFFER;

    /**
     * Prepares a replay.
     *
     * @param settings of the protocol's sniffing filter
     * @param port of servers; -1 for all, those that begin in mid-stream by the protocol's usual port
     * @param out where exchanges are written as JSON, or null
     * @throws dev.weir.core.config.ConfigException for settings that the protocol does not know
     */
    public Replay(
            CaptureSet captures, Protocol protocol, Map<String, ?> settings, int port, @Nullable PrintStream out) {
        this.captures = captures;
        this.protocol = protocol;
        this.port = port;
        this.out = out;
        clock.advance(captures.firstNanos());
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        ExchangeSink.Factory writer = loop -> this::write;
        this.sinks = new ExchangeSinks(1, clock, meters, LIMITS, List.of(writer));
        this.environment = new ReplayEnvironment(protocol, meters, clock, sinks, channel.eventLoop());
        ConfigErrors errors = new ConfigErrors();
        PerLoop<Sniffer> configured = protocol.sniffer(ConfigNode.of(settings, errors), environment);
        errors.throwIfAny(protocol.statsFilter());
        this.sniffers = configured.onLoop(environment);
    }

    /** What the sinks have gathered. */
    public ExchangeSinks exchanges() {
        return sinks;
    }

    /** What else there was. */
    public ReplayCounts counts() {
        return counts;
    }

    /** Connections that are open at this place of the capture. */
    public int open() {
        return flows.size();
    }

    /**
     * Looks at the next packet; false if there is none.
     *
     * @throws IOException if a file cannot be read, or exchanges cannot be written
     */
    public boolean step() throws IOException {
        CapturedPacket packet = captures.next();
        if (packet == null) {
            return false;
        }
        counts.packets++;
        clock.advance(packet.nanos);
        switch (dissector.read(packet, tcp)) {
            case TCP -> {
                counts.tcp++;
                connection(packet);
            }
            case FRAGMENT -> counts.fragments++;
            case UNREADABLE -> counts.unreadable++;
            case UNKNOWN_LINK -> counts.unknownLinks++;
            case OTHER -> {}
        }
        if (lines.size() > BATCH) {
            flush();
        }
        return true;
    }

    /** Ends connections that are still open, and writes what is left. */
    public void finish() throws IOException {
        for (Flow flow : new ArrayList<>(flows.values())) {
            flow.close(CloseReason.SHUTDOWN, clock.nanoTime());
        }
        flows.clear();
        flush();
    }

    private void connection(CapturedPacket packet) {
        boolean fromClient = true;
        Flow flow = flows.get(FlowKey.fromClient(tcp));
        if (flow == null) {
            flow = flows.get(FlowKey.fromServer(tcp));
            fromClient = false;
        }
        long now = clock.nanoTime();
        if (flow != null && tcp.has(TcpPacket.SYN) && flow.renewedBy(tcp, fromClient)) {
            flow.close(CloseReason.CLIENT_CLOSED, now);
            flows.remove(flow.key);
            flow = null;
        }
        if (flow == null) {
            Boolean direction = direction();
            if (direction == null) {
                return;
            }
            fromClient = direction;
            flow = open(fromClient ? FlowKey.fromClient(tcp) : FlowKey.fromServer(tcp), fromClient, now);
            if (flow == null) {
                return;
            }
        }
        if (view.isReadOnly() || view.array() != packet.data) {
            view = Unpooled.wrappedBuffer(packet.data);
        }
        flow.packet(tcp, view, fromClient, now);
        if (flow.closed()) {
            flows.remove(flow.key);
            remember(flow);
        }
    }

    private void remember(Flow flow) {
        over.put(flow.key, flow.first());
        if (over.size() > MAX_CONNECTIONS) {
            Iterator<FlowKey> oldest = over.keySet().iterator();
            oldest.next();
            oldest.remove();
        }
    }

    /** Whether the packet comes from the client; null if that cannot be told, or nothing is to be seen there. */
    private @Nullable Boolean direction() {
        boolean toPort = tcp.targetPort == (port < 0 ? protocol.defaultPort() : port);
        boolean fromPort = tcp.sourcePort == (port < 0 ? protocol.defaultPort() : port);
        if (port >= 0 && !toPort && !fromPort) {
            counts.otherPorts++;
            return null;
        }
        if (tcp.has(TcpPacket.RST) || !tcp.has(TcpPacket.SYN) && tcp.length == 0) {
            return null;
        }
        if (tcp.has(TcpPacket.SYN)) {
            boolean client = !tcp.has(TcpPacket.ACK);
            if (port >= 0 && !(client ? toPort : fromPort)) {
                counts.otherPorts++;
                return null;
            }
            return client;
        }
        if (!toPort && !fromPort) {
            counts.otherPorts++;
            return null;
        }
        return toPort;
    }

    private @Nullable Flow open(FlowKey key, boolean fromClient, long now) {
        Integer before = over.get(key);
        boolean syn = tcp.has(TcpPacket.SYN);
        if (before != null && (!syn || fromClient && before == tcp.seq + 1)) {
            counts.repeated++;
            return null;
        }
        over.remove(key);
        evict(now);
        counts.connections++;
        ReplayConnection connection =
                new ReplayConnection(counts.connections, environment.listener(), key, now, environment.loop());
        int usual = port < 0 ? protocol.defaultPort() : port;
        Protocol doubted = key.serverPort() == usual ? null : protocol;
        Watch watch = new Watch(sniffers.create(connection), connection, environment.exchanges(), counts, doubted);
        Flow flow = new Flow(key, watch, counts, budget);
        flows.put(key, flow);
        return flow;
    }

    private void evict(long now) {
        Iterator<Flow> oldest = flows.values().iterator();
        while (oldest.hasNext()) {
            Flow flow = oldest.next();
            if (flows.size() < MAX_CONNECTIONS && now - flow.lastNanos < IDLE_NANOS) {
                return;
            }
            flow.close(CloseReason.IDLE_TIMEOUT, now);
            oldest.remove();
            counts.evicted++;
        }
    }

    private void write(Exchange exchange) {
        counts.exchanges++;
        if (out != null) {
            try {
                lines.add(exchange);
            } catch (IOException e) {
                throw new IllegalStateException(e); // In memory: the sinks count it.
            }
        }
    }

    private void flush() throws IOException {
        if (out == null) {
            return;
        }
        lines.writeTo(out);
        lines.clear();
        if (out.checkError()) {
            throw new IOException("cannot write exchanges: standard output is closed");
        }
    }

    @Override
    public void close() {
        for (AutoCloseable resource : environment.resources()) {
            try {
                resource.close();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
        sinks.close();
        channel.close();
    }
}
