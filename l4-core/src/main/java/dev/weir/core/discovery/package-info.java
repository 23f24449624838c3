/**
 * Where endpoints come from by way of DNS: {@code dns} makes each address of a name one, {@code srv} each address of each target. All of
 * it happens on one event loop per cluster; {@link dev.weir.core.discovery.Refresher} says when, {@link dev.weir.core.discovery.DnsLookup}
 * asks, and what was good last stays until there is something better.
 */
@NullMarked
package dev.weir.core.discovery;

import org.jspecify.annotations.NullMarked;
