package dev.weir.mysql;

import dev.weir.core.tls.TlsClient;
import dev.weir.core.tls.TlsServer;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One {@code mysql_tls} of the configuration.
 *
 * @param clients TLS that clients are offered, or null
 * @param requiresClients whether clients without TLS are refused
 * @param upstreams TLS with servers, or null
 * @param mode when it is used
 * @param key what clients without TLS seal passwords with
 * @param counters counts
 */
record TlsSettings(
        @Nullable TlsServer clients,
        boolean requiresClients,
        @Nullable TlsClient upstreams,
        Mode mode,
        RsaKey key,
        TlsCounters counters) {

    /** When servers are asked for TLS. */
    enum Mode {
        /** Always; one that has none is not used. */
        REQUIRED,
        /** If they offer it. */
        PREFERRED,
        /** For clients that came with TLS, always; for others never. */
        AS_CLIENT;

        /** As users write it. */
        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Handshakes with clients that are under way on one event loop. */
    static final class Handshakes {
        int open;
    }

    /** Whether clients of a server are offered TLS. */
    boolean offersTls(boolean serverOffers) {
        return clients != null && (upstreams == null || mode != Mode.AS_CLIENT || serverOffers);
    }

    /** Whether a server is asked for TLS. */
    boolean asksForTls(boolean serverOffers, boolean clientSecure) {
        if (upstreams == null) {
            return false;
        }
        return switch (mode) {
            case REQUIRED -> true;
            case PREFERRED -> serverOffers;
            case AS_CLIENT -> clientSecure;
        };
    }
}
