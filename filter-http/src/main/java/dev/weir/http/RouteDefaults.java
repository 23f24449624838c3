package dev.weir.http;

/**
 * What the terminal says for all routes that say nothing else.
 *
 * @param protocol spoken with upstreams
 * @param requestNanos how long a request may take; 0 for ever
 * @param idleNanos how long nothing may move in it; 0 for ever
 */
record RouteDefaults(UpstreamProtocol protocol, long requestNanos, long idleNanos) {}
