/**
 * The exchange: one request and its answer as seen on the wire, the same record for every protocol.
 * Producers (sniffers, decoding terminals) hand them in, sinks consume them; neither knows the other.
 */
@NullMarked
package dev.weir.core.exchange;

import org.jspecify.annotations.NullMarked;
