/**
 * A client of rate limit services that speak Envoy's API v3, by grpc-java. The two messages of the API are written and read field by
 * field: generated code for them would bring a compiler of its own into the build, or all of Envoy's API.
 */
@NullMarked
package dev.weir.ratelimit;

import org.jspecify.annotations.NullMarked;
