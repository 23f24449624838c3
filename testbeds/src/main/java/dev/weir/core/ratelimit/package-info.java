/** Benchmarks of what is not public in the core's package of the same name. */
@NullMarked
package dev.weir.core.ratelimit;

import org.jspecify.annotations.NullMarked;
