/**
 * What a filter or terminal is, and what it may ask of its connection: the interfaces that modules and third
 * parties implement. The chain that runs them is in {@code dev.weir.core.net}.
 */
@NullMarked
package dev.weir.core.filter;

import org.jspecify.annotations.NullMarked;
