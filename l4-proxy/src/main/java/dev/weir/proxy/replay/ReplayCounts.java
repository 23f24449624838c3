package dev.weir.proxy.replay;

import java.util.Map;
import java.util.TreeMap;

/** What was found in captures beside exchanges. One thread's. */
public final class ReplayCounts {
    /** All packets. */
    public long packets;
    /** Those of TCP. */
    public long tcp;
    /** Parts of IP packets, which are not put together. */
    public long fragments;
    /** Too short or broken to know their connection. */
    public long unreadable;
    /** Of link layers that are not known here. */
    public long unknownLinks;
    /** Packets whose payload was not captured to its end. */
    public long cut;
    /** Packets of connections that are not looked at. */
    public long otherPorts;
    /** Connections that were looked at. */
    public long connections;
    /** Connections forgotten because they were idle for long, or too many. */
    public long evicted;
    /** Packets whose bytes were seen before. */
    public long repeated;
    /** Packets that came before an earlier one. */
    public long early;
    /** Places where bytes are missing. */
    public long gaps;
    /** Exchanges. */
    public long exchanges;

    private final Map<String, Long> stops = new TreeMap<>();

    ReplayCounts() {}

    void stopped(String outcome, String reason) {
        stops.merge(outcome + " " + reason, 1L, Long::sum);
    }

    /** Connections whose sniffer stopped, by outcome and reason. */
    public Map<String, Long> stops() {
        return new TreeMap<>(stops);
    }
}
