package dev.weir.core.exchange;

import org.jspecify.annotations.Nullable;

/**
 * What the default sinks of a loop have found out for a connection, so that the next exchange compares a few
 * identities instead of looking anything up. Kept with the connection.
 */
final class ConnectionScope {
    final LoopExchanges owner;
    final String listener;
    final String clientHost;

    CommandFamily family;
    private @Nullable String namespace;
    private @Nullable String upstream;
    private @Nullable SeriesScope series;

    // Of the top table.
    @Nullable
    String user;

    @Nullable
    String app;

    @Nullable
    String topNamespace;

    @Nullable
    TopCell top;

    ConnectionScope(LoopExchanges owner, String listener, String clientHost, CommandFamily family) {
        this.owner = owner;
        this.listener = listener;
        this.clientHost = clientHost;
        this.family = family;
    }

    /** A connection nearly always speaks one protocol; MySQL's and MariaDB's sniffer learns which. */
    void switchTo(CommandFamily other) {
        family = other;
        series = null;
    }

    @SuppressWarnings("ReferenceEquality") // Another instance of an equal text is looked up: slower, not wrong.
    SeriesScope series(@Nullable String ns, @Nullable String server) {
        SeriesScope known = series;
        if (known != null && namespace == ns && upstream == server) {
            return known;
        }
        namespace = ns;
        upstream = server;
        known = family.scope(ns, server);
        series = known;
        return known;
    }
}
