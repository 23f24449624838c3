/** Sniffs the memcached text protocol: what a third party writes to add a protocol of its own. */
@NullMarked
package dev.weir.examples.memcached;

import org.jspecify.annotations.NullMarked;
