/** Benchmarks of what only the core's own package sees. */
@NullMarked
package dev.weir.core.net;

import org.jspecify.annotations.NullMarked;
