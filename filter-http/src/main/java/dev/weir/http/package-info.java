/** HTTP: the terminal {@code http}, and what it tells of its exchanges. The public classes are those named in {@code META-INF/services}. */
@NullMarked
package dev.weir.http;

import org.jspecify.annotations.NullMarked;
