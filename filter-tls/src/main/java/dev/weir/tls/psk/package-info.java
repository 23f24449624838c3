/**
 * TLS with keys that both sides know before (RFC 4279, RFC 8446 §4.2.11), by BouncyCastle, as no other engine here has it. What is public is so for the
 * module's other packages, and nobody else.
 */
@NullMarked
package dev.weir.tls.psk;

import org.jspecify.annotations.NullMarked;
