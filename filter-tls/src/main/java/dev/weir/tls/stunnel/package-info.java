/**
 * {@code stunnel.conf}: read as stunnel 5.68 reads it, with its words for what is wrong, and turned into a configuration of Weir. The data then runs through
 * the same listeners, TLS sections and clusters that a configuration of Weir's own would have.
 */
@NullMarked
package dev.weir.tls.stunnel;

import org.jspecify.annotations.NullMarked;
