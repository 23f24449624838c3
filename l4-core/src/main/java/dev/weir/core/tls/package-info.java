/**
 * What the core knows of TLS: that a handler can be put under a chain or an upstream connection, and what its handshake found out. How it is
 * done is another module's business.
 */
@NullMarked
package dev.weir.core.tls;

import org.jspecify.annotations.NullMarked;
