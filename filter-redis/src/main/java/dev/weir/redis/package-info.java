/** Redis and Valkey: sniffing of RESP traffic. The public class is the one named in {@code META-INF/services}. */
@NullMarked
package dev.weir.redis;

import org.jspecify.annotations.NullMarked;
