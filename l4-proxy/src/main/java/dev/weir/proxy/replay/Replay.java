package dev.weir.proxy.replay;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.ProxyConfig;
import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.ExchangeLines;
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
    /** Most connections that are open at a time, and most that are remembered after their end. */
    static final int MAX_CONNECTIONS = 16_384;

    private static final long IDLE_NANOS = Duration.ofHours(1).toNanos();
    private static final int BATCH = 64 << 10;
    private static final ProxyConfig.SinkConfig LIMITS = new ProxyConfig.SinkConfig(2_000, Duration.ofSeconds(1), 100);

    private final CaptureSet captures;
    private final Protocol protocol;
    /** The only port of servers, or -1. */
    private final int only;
    /** The port that tells a server where no SYN does. */
    private final int usual;

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
    /** Where the clients' streams of connections began that are over: what comes late is not a new one. */
    private final Map<FlowKey, Integer> over = new LinkedHashMap<>();

    private ByteBuf view = Unpooled.EMPTY_BUFFER;

    /**
     * Prepares a replay.
     *
     * @param settings of the protocol's sniffing filter
     * @param port of servers; -1 for all, where the protocol's usual one tells the direction if there is no SYN
     * @param out where exchanges are written as JSON, or null
     * @throws dev.weir.core.config.ConfigException for settings that the protocol does not know
     */
    public Replay(
            CaptureSet captures, Protocol protocol, Map<String, ?> settings, int port, @Nullable PrintStream out) {
        this.captures = captures;
        this.protocol = protocol;
        this.only = port;
        this.usual = port < 0 ? protocol.defaultPort() : port;
        this.out = out;
        clock.advance(captures.firstNanos());
        captures.beforeRead(this::flush);
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        this.sinks = new ExchangeSinks(1, clock, meters, LIMITS, List.of(loop -> this::write));
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

    /** Bytes that wait for others before them. */
    long waiting() {
        return budget.used;
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
                segment(packet);
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

    /**
     * Ends connections that are still open, and writes what is left.
     *
     * @return what the user has to do to see something; null if all is well
     * @throws IOException if exchanges cannot be written
     */
    public @Nullable String finish() throws IOException {
        for (Flow flow : new ArrayList<>(flows.values())) {
            flow.close(CloseReason.SHUTDOWN, clock.nanoTime());
        }
        flows.clear();
        flush();
        if (counts.connections > 0 || counts.undirected == 0) {
            return null;
        }
        return "all connections began before the capture, and none has port " + usual
                + ": client and server cannot be told apart (expected: --port N, the port of the servers)";
    }

    private void segment(CapturedPacket packet) {
        FlowKey key = FlowKey.fromClient(tcp);
        boolean fromClient = true;
        Flow flow = flows.get(key);
        if (flow == null) {
            FlowKey back = FlowKey.fromServer(tcp);
            flow = flows.get(back);
            if (flow != null) {
                key = back;
                fromClient = false;
            } else if (late(key, true) || late(back, false)) {
                return;
            }
        }
        long now = clock.nanoTime();
        if (flow != null && tcp.has(TcpPacket.SYN) && flow.renewedBy(tcp, fromClient)) {
            flow.close(CloseReason.CLIENT_CLOSED, now);
            flows.remove(key);
            flow = null;
        }
        if (flow == null) {
            if (!wanted()) {
                return;
            }
            fromClient = tcp.has(TcpPacket.SYN) ? !tcp.has(TcpPacket.ACK) : tcp.targetPort == usual;
            key = fromClient ? FlowKey.fromClient(tcp) : FlowKey.fromServer(tcp);
            flow = open(key, now);
        }
        if (view.array() != packet.data) {
            view = Unpooled.wrappedBuffer(packet.data);
        }
        flow.packet(tcp, view, fromClient, now);
        if (flow.closed()) {
            flows.remove(key);
            remember(flow);
        }
    }

    /** Whether the packet belongs to a connection that is over. */
    private boolean late(FlowKey key, boolean fromClient) {
        Integer first = over.get(key);
        if (first == null) {
            return false;
        }
        if (tcp.has(TcpPacket.SYN) && (fromClient ? tcp.seq + 1 : tcp.ack) != first) {
            over.remove(key);
            return false;
        }
        counts.repeated += tcp.length > 0 ? 1 : 0;
        return true;
    }

    private void remember(Flow flow) {
        over.put(flow.key, flow.first());
        if (over.size() > MAX_CONNECTIONS) {
            Iterator<FlowKey> oldest = over.keySet().iterator();
            oldest.next();
            oldest.remove();
        }
    }

    /** Whether the packet begins a connection, or is the first that is seen of one, and its direction is known. */
    private boolean wanted() {
        boolean syn = tcp.has(TcpPacket.SYN);
        boolean toServer = tcp.targetPort == usual;
        boolean fromServer = tcp.sourcePort == usual;
        boolean right = syn ? (tcp.has(TcpPacket.ACK) ? fromServer : toServer) : toServer || fromServer;
        if (only >= 0 && !right) {
            counts.otherPorts++;
            return false;
        }
        if (tcp.has(TcpPacket.RST) || !syn && tcp.length == 0) {
            return false;
        }
        if (!syn && !right) {
            counts.undirected++;
            return false;
        }
        return true;
    }

    private Flow open(FlowKey key, long now) {
        evict(now);
        counts.connections++;
        ReplayConnection connection =
                new ReplayConnection(counts.connections, environment.listener(), key, now, environment.loop());
        ReplaySniffer sniffer = new ReplaySniffer(
                protocol,
                sniffers.create(connection),
                connection,
                environment.exchanges(),
                clock,
                counts,
                key.serverPort() != usual);
        Flow flow = new Flow(key, sniffer, counts, budget);
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
        if (out == null || lines.size() == 0) {
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
