/**
 * A client of rate limit services that speak Envoy's API v3 over gRPC. gRPC is spoken as its specification of HTTP/2 says, on
 * Netty's codec: one unary method needs no library for it.
 */
@NullMarked
package dev.weir.ratelimit;

import org.jspecify.annotations.NullMarked;
