/**
 * Clusters: named sets of endpoints, and how one is picked and connected to.
 */
@NullMarked
package dev.weir.core.cluster;

import org.jspecify.annotations.NullMarked;
