package dev.weir.core.ratelimit;

import dev.weir.core.filter.Connection;
import dev.weir.core.protocol.Command;
import dev.weir.core.ratelimit.RateLimitService.Entry;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How a descriptor is made: its entries in their order. */
record DescriptorPlan(List<Part> parts) {
    /** Longest value, in characters: what is beyond is cut off. */
    static final int MAX_VALUE = 256;

    /**
     * An entry.
     *
     * @param key its key
     * @param source where its value comes from, or null
     * @param text its value if that is always the same; otherwise what the source is asked for
     */
    record Part(String key, @Nullable Source source, String text) {}

    boolean ofSession() {
        return parts.stream().anyMatch(part -> part.source != null && part.source.ofSession());
    }

    /** The descriptor, or null if something of it is not known: then it does not apply, as in Envoy. */
    @Nullable
    List<Entry> make(Connection connection, @Nullable Command command) {
        List<Entry> entries = new ArrayList<>(parts.size());
        for (Part part : parts) {
            String value = part.source == null ? part.text : part.source.value(connection, command, part.text);
            if (value == null || value.isEmpty()) {
                return null;
            }
            entries.add(new Entry(part.key, value.length() <= MAX_VALUE ? value : value.substring(0, MAX_VALUE)));
        }
        return entries;
    }
}
