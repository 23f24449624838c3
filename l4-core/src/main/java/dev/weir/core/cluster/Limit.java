package dev.weir.core.cluster;

import java.util.Locale;

/** What a cluster bounds ({@code circuit_breakers}); who is refused is counted by it. */
public enum Limit {
    /** Connections to all of its endpoints. */
    CONNECTIONS,
    /** Clients, or exchanges, that wait for a connection. */
    PENDING,
    /** Exchanges that are open, of terminals that choose an endpoint for each. */
    REQUESTS,
    /** Attempts after the first one that are under way. */
    RETRIES,
    /** Connections to one endpoint. */
    HOST_CONNECTIONS,
    /** New connections to one endpoint per second. */
    CONNECTION_RATE;

    private final String label = name().toLowerCase(Locale.ROOT);

    /** The name in metrics and answers: lower case. */
    public String label() {
        return label;
    }
}
