package dev.weir.proxy.replay;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What was found in captures beside exchanges. One thread's. */
public final class ReplayCounts {
    long packets;
    long tcp;
    long fragments;
    long unreadable;
    long unknownLinks;
    /** Packets whose payload was not captured to its end. */
    long cut;
    /** Packets of other ports than the one that was asked for. */
    long otherPorts;
    /** Packets of connections that began before the capture, with no port to tell client from server. */
    long undirected;

    long connections;
    /** Connections forgotten because they were idle for long, or too many. */
    long evicted;
    /** Packets whose bytes were seen before. */
    long repeated;
    /** Packets that came before an earlier one. */
    long early;
    /** Packets with numbers that do not belong to their connection. */
    long stray;
    /** Places where bytes are missing. */
    long gaps;
    /** Times that something missing was not waited for any longer, because too much else waited. */
    long overflows;
    /** Errors of sniffers themselves. */
    long failures;

    long exchanges;

    private final Map<String, Long> stops = new TreeMap<>();

    ReplayCounts() {}

    void stopped(String outcome, String reason) {
        stops.merge(outcome + " " + reason, 1L, Long::sum);
    }

    /** Packets so far. */
    public long packets() {
        return packets;
    }

    /** Connections so far that were looked at. */
    public long connections() {
        return connections;
    }

    /** Exchanges so far. */
    public long exchanges() {
        return exchanges;
    }

    /** All of it that is not zero, for people. */
    public List<String> lines() {
        List<String> parts = new ArrayList<>();
        parts.add(grouped(packets) + " packets");
        add(parts, tcp, "of TCP");
        add(parts, repeated, "repeated");
        add(parts, early, "out of order");
        add(parts, stray, "stray");
        add(parts, cut, "cut short");
        add(parts, fragments, "IP fragments");
        add(parts, unreadable, "unreadable");
        add(parts, unknownLinks, "of an unknown link layer");
        add(parts, otherPorts, "of other ports");
        add(parts, undirected, "without direction");
        List<String> lines = new ArrayList<>();
        lines.add(String.join("   ", parts));
        parts.clear();
        add(parts, gaps, "gaps");
        add(parts, overflows, "of them for want of memory");
        add(parts, evicted, "connections forgotten");
        if (!parts.isEmpty()) {
            lines.add(String.join("   ", parts));
        }
        stops.forEach(
                (what, count) -> lines.add(grouped(count) + (count == 1 ? " connection " : " connections ") + what));
        return lines;
    }

    private static void add(List<String> parts, long count, String what) {
        if (count > 0) {
            parts.add(grouped(count) + " " + what);
        }
    }

    private static String grouped(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }
}
