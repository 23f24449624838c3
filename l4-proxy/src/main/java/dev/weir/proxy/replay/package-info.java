/**
 * Captures as input: reads pcap and pcapng, puts TCP streams together again, and shows them to any protocol's sniffer
 * with the capture's own time. Knows no protocol. All of it runs on one thread, in memory that does not grow with the
 * capture.
 */
@NullMarked
package dev.weir.proxy.replay;

import org.jspecify.annotations.NullMarked;
