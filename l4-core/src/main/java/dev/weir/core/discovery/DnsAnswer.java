package dev.weir.core.discovery;

import java.util.List;

/**
 * What came of a question.
 *
 * @param kind whether there are records, there are none, or it could not be found out
 * @param records what was asked for
 * @param ttl seconds for which that is true, aliases on the way included
 * @param reason why there are none, for people
 */
record DnsAnswer<T>(Kind kind, List<T> records, long ttl, String reason) {
    /** The three ways. */
    enum Kind {
        FOUND,
        /** The name does not exist, or has no such records. */
        NONE,
        FAILED
    }

    static <T> DnsAnswer<T> found(List<T> records, long ttl) {
        return new DnsAnswer<>(Kind.FOUND, List.copyOf(records), ttl, "");
    }

    static <T> DnsAnswer<T> none(String reason) {
        return new DnsAnswer<>(Kind.NONE, List.of(), 0, reason);
    }

    static <T> DnsAnswer<T> failed(String reason) {
        return new DnsAnswer<>(Kind.FAILED, List.of(), 0, reason);
    }
}
