/** MongoDB: the sniffer, commands for the gate, the rewriting of hosts, the health check. */
@NullMarked
package dev.weir.mongo;

import org.jspecify.annotations.NullMarked;
