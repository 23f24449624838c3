package dev.weir.core.filter;

import dev.weir.core.config.Address;
import dev.weir.core.protocol.PolicyContext;
import dev.weir.core.tls.TlsClient;
import dev.weir.core.tls.TlsHandler;
import dev.weir.core.tls.TlsServer;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A filter's view of its connection, bound to its place in the chain. Valid from
 * {@link NetworkFilter#onOpen} to {@link NetworkFilter#onClose}; use it on the connection's event loop only
 * (from elsewhere go through {@code connection().loop().execute(…)}). After the close all calls are
 * ignored and injected buffers released.
 *
 * <p>{@link #pass}, {@link #drop}, {@link #inject}, {@link #resume}, {@link #startTls} and {@link #close} during a
 * callback take effect when it returns, in the order they were called; so no callback runs inside another.
 */
public interface FilterContext extends PolicyContext {
    /** The connection: addresses, listener, attributes, event loop, allocator. */
    @Override
    Connection connection();

    /** The loop's exchanges, for filters that produce records. The same object for all connections of a loop. */
    dev.weir.core.exchange.Exchanges exchanges();

    /** The clock. Reading it costs more than most callbacks: where {@link #burstNanos()} will do, take that. */
    @Override
    WireClock clock();

    /**
     * The time taken at the start of the current read burst, in {@link WireClock#nanoTime()}. Outside of one (timers,
     * {@code loop().execute}) it is that of the last burst.
     */
    long burstNanos();

    /**
     * Lets the first {@code bytes} of what is lent go on. Only inside {@link NetworkFilter#onData}, for its
     * direction.
     *
     * @throws IllegalArgumentException if fewer bytes are lent
     */
    void pass(int bytes);

    /** Throws away the first {@code bytes} of what is lent; otherwise as {@link #pass}. */
    void drop(int bytes);

    /**
     * Adds bytes at this filter's place: ahead of what is lent or held here in this direction, behind what
     * has gone on before. They pass only the filters between this one and their destination. Ownership of
     * {@code data} passes to the core, whatever happens; take it from {@link Connection#allocator()}. Outside of a read
     * burst the core flushes them by itself. They do not wait for the peer to take them: see {@link #clientWritable()}.
     */
    void inject(Direction direction, ByteBuf data);

    /**
     * Lends again what is held here in this direction, after the running callback. For {@link Direction#TO_UPSTREAM}
     * it also ends {@link NetworkFilter.Opening#WAIT}. Otherwise, without anything held, it does nothing.
     */
    void resume(Direction direction);

    /**
     * Whether what is lent now was made, at least in part, by Weir: by {@link #inject} of a filter nearer to the
     * other peer. Only inside {@link NetworkFilter#onData}.
     */
    boolean madeByWeir();

    /**
     * Names the reason of the holds of this filter ({@code weir_holds_expired_total{filter, reason}}) and how long
     * one may last without any byte going on. Applies to holds that begin afterwards: call it in
     * {@link NetworkFilter#onOpen}, or before the answer that holds. {@code reason} is a metric label: a constant, never
     * taken from the bytes.
     */
    void holdDeadline(String reason, Duration deadline);

    /**
     * Lets this filter hold up to {@code bytes} of each direction without reading being stopped for it: what is held
     * beyond counts toward the water marks. For filters that must see more than the listener's {@code buffer} at once;
     * each connection may then take so much memory more. Call it in {@link NetworkFilter#onOpen}.
     */
    void holdUpTo(int bytes);

    /**
     * Whether the client takes bytes: false while more than the high water mark waits to be sent to it. A filter
     * that answers requests by itself must hold them while this is false, or a client that does not read would
     * make memory grow; the core lends what is held again when it becomes true.
     */
    boolean clientWritable();

    /** Bytes held at this filter in {@code direction}; without those that are lent at the moment. */
    int held(Direction direction);

    /**
     * Puts TLS under the chain on one side, at exactly this byte: everything this filter and the ones nearer
     * to that peer hold from that peer is ciphertext for {@code handler}, everything passed or injected
     * toward that peer before this call goes out plain, everything after it encrypted. To be called while
     * this filter holds, or nothing more can arrive in, the direction of that peer's bytes. From then on all
     * filters see plain text.
     *
     * @return completes when the handshake is done; its failure closes the connection with
     *     {@link CloseReason#TLS_FAILED} or {@link CloseReason#UPSTREAM_TLS_FAILED}, behind what its listeners inject
     * @throws IllegalStateException if a filter nearer to that peer still holds bytes toward it, or there is no
     *     upstream connection yet
     */
    Future<?> startTls(Side side, TlsHandler handler);

    /** Makes the handler of this connection's client, for {@link #startTls}. Where certificates are chosen by what the client asks for, it looks by itself. */
    default TlsHandler tlsHandler(TlsServer tls) {
        throw new UnsupportedOperationException("no TLS here");
    }

    /**
     * Makes the handler of this connection's upstream.
     *
     * @param behind whom TLS is with, behind a tunnel; null for the host that the terminal has connected to. The certificate is to be for it
     * @throws IllegalStateException if there is no upstream connection yet
     */
    default TlsHandler tlsHandler(TlsClient tls, @Nullable Address behind) {
        throw new UnsupportedOperationException("no TLS here");
    }

    /**
     * Closes the connection, behind what was passed or injected before: in a callback it takes effect when that returns,
     * in the order of the calls, so {@code inject} an answer and {@code close} sends the answer. What is held, here or
     * elsewhere, is dropped. Further calls have no effect.
     */
    @Override
    void close(CloseReason reason);
}
