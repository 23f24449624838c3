/** TLS toward clients and upstreams, by Netty's handler on BoringSSL or the JDK: certificates, who is let in, sessions, metrics. */
@NullMarked
package dev.weir.tls;

import org.jspecify.annotations.NullMarked;
