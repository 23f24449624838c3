package dev.weir.core.tls;

import dev.weir.core.config.ConfigNode;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * TLS. Found by {@link java.util.ServiceLoader}, at most one, without state; until the configuration asks for TLS it loads nothing.
 */
public interface TlsSupport {
    /**
     * Reads a {@code tls} section for clients, with the files it names, and reports all problems to the node; then it answers null. Off the event
     * loops, also by {@code weir check}.
     */
    @Nullable
    TlsServer server(ConfigNode node, Scope scope);

    /** The same for upstreams. */
    @Nullable
    TlsClient client(ConfigNode node, Scope scope);

    /**
     * Reads the begin of what a client sends.
     *
     * @param data from its reader index; neither changed nor kept
     * @return null if more bytes are needed to tell; {@link ClientHello#NONE} if it is not TLS, or no hello anybody would send
     */
    @Nullable
    ClientHello hello(ByteBuf data);

    /** Where a section stands. */
    interface Scope {
        /** {@code listener} or {@code cluster}: the name of the label of metrics. */
        String kind();

        /** Name of the listener or cluster. */
        String name();

        /** Where meters are registered. */
        MeterRegistry meters();

        /** Closes {@code resource} when nobody uses the configuration any more. On any thread; it must not block. */
        void onClose(AutoCloseable resource);
    }
}
