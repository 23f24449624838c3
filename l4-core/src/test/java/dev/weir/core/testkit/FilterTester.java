package dev.weir.core.testkit;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Exchanges;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.net.SessionHarness;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.sql.DigestTable;
import io.netty.channel.ChannelFuture;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;

/**
 * Runs filters as a connection would, without sockets and with a clock that stands still: the test plays the
 * client and the upstream. Texts stand for bytes, one per character (ISO-8859-1).
 *
 * <pre>{@code
 * try (FilterTester tester = FilterTester.of(new MyFilter())) {
 *     tester.client("GET a\r\n");
 *     assertThat(tester.toUpstream()).isEqualTo("GET a\r\n");
 *     tester.upstream("1\r\n");
 *     assertThat(tester.toClient()).isEqualTo("1\r\n");
 * }
 * }</pre>
 */
public final class FilterTester implements AutoCloseable {
    private final SessionHarness harness;

    private FilterTester(Exchanges exchanges, NetworkFilter... filters) {
        String[] types =
                Arrays.stream(filters).map(f -> f.getClass().getSimpleName()).toArray(String[]::new);
        harness = new SessionHarness(exchanges, types, filters);
    }

    /** Opens a connection with {@code filters}, the first one nearest to the client. */
    public static FilterTester of(NetworkFilter... filters) {
        return new FilterTester(new Dropped(), filters);
    }

    /** The same with a place for exchanges. */
    public static FilterTester of(Exchanges exchanges, NetworkFilter... filters) {
        return new FilterTester(exchanges, filters);
    }

    /** A sniffer as a filter, failing open as in the core. */
    public static NetworkFilter sniffing(Sniffer sniffer) {
        return SessionHarness.sniffing(sniffer);
    }

    /** The client sends {@code bytes}, read at once. */
    public FilterTester client(String bytes) {
        harness.fromClient(SessionHarness.buffer(bytes.getBytes(StandardCharsets.ISO_8859_1)));
        return this;
    }

    /** The upstream sends {@code bytes}, read at once. The future completes when they are out. */
    public ChannelFuture upstream(String bytes) {
        return harness.fromUpstream(SessionHarness.buffer(bytes.getBytes(StandardCharsets.ISO_8859_1)));
    }

    /** The client ends its stream. */
    public FilterTester clientEnds() {
        harness.clientEnds();
        return this;
    }

    /** The upstream ends its stream. */
    public FilterTester upstreamEnds() {
        harness.upstreamEnds();
        return this;
    }

    /** What went on to the upstream since the last call. */
    public String toUpstream() {
        return new String(harness.takeToUpstream(), StandardCharsets.ISO_8859_1);
    }

    /** What went on to the client since the last call. */
    public String toClient() {
        return new String(harness.takeToClient(), StandardCharsets.ISO_8859_1);
    }

    /** Whether the end of the client's stream went on. */
    public boolean upstreamSawEnd() {
        return harness.upstreamSawEnd();
    }

    /** Whether the end of the upstream's stream went on. */
    public boolean clientSawEnd() {
        return harness.clientSawEnd();
    }

    /** Whether all filters have let the terminal start. */
    public boolean started() {
        return harness.started();
    }

    /** Whether the client is being read from. */
    public boolean reading() {
        return harness.reading();
    }

    /** Whether the upstream is being read from, as far as the chain is concerned. */
    public boolean writable() {
        return harness.writable();
    }

    /** Read bursts that ended toward the upstream. */
    public int bursts() {
        return harness.bursts();
    }

    /** Lets time pass: timers and deadlines fire. */
    public FilterTester advance(Duration time) {
        harness.advance(time.toNanos());
        return this;
    }

    /** The connection. */
    public Connection connection() {
        return harness.connection();
    }

    /** The client's channel. */
    public EmbeddedChannel channel() {
        return harness.channel();
    }

    /** Why the connection was closed, or null while it is open. */
    public CloseReason closeReason() {
        return harness.closeReason();
    }

    @Override
    public void close() {
        harness.close();
    }

    /** Takes exchanges and forgets them. */
    private static final class Dropped implements Exchanges {
        private final DigestTable digests = new DigestTable(0);

        @Override
        public Exchange open() {
            return new Exchange();
        }

        @Override
        public void emit(Exchange exchange) {
            exchange.connection();
        }

        @Override
        public DigestTable digests() {
            return digests;
        }

        @Override
        public void discard(Exchange exchange) {
            exchange.clear();
        }
    }
}
