package dev.weir.core.cluster;

import java.util.List;

/**
 * The endpoints of a cluster at one moment. Immutable.
 *
 * @param version grows with every change
 * @param endpoints all of them, in the order of the configuration
 */
public record Snapshot(long version, List<Endpoint> endpoints) {}
