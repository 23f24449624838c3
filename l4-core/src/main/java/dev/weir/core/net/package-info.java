/**
 * The inside of the core: listeners, sessions, the chain that runs the filters, the plain terminals. Not API:
 * modules use {@code dev.weir.core.filter} and {@code dev.weir.core.protocol}.
 */
@NullMarked
package dev.weir.core.net;

import org.jspecify.annotations.NullMarked;
