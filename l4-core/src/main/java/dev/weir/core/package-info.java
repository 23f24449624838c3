/** The core of Weir for embedding: {@link dev.weir.core.Proxy} runs listeners from a {@code ProxyConfig}. */
@NullMarked
package dev.weir.core;

import org.jspecify.annotations.NullMarked;
