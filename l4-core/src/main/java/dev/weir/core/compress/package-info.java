/** Inflating of what travels compressed, in bounded memory. */
@NullMarked
package dev.weir.core.compress;

import org.jspecify.annotations.NullMarked;
