package dev.weir.http;

import dev.weir.core.cluster.Cluster;

/**
 * A cluster that requests go to.
 *
 * @param protocol spoken with its endpoints
 * @param number its place in {@link RouteTable#clusters()}
 */
record RouteCluster(Cluster cluster, UpstreamProtocol protocol, int number) {}
