/**
 * Rate limits: token buckets that all event loops share, in bounded memory, and the filter {@code rate_limit} that asks them
 * about connections and single commands.
 */
@NullMarked
package dev.weir.core.ratelimit;

import org.jspecify.annotations.NullMarked;
