/** The terminals and filters that every protocol can use. */
@NullMarked
package dev.weir.core.builtin;

import org.jspecify.annotations.NullMarked;
