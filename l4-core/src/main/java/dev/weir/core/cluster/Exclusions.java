package dev.weir.core.cluster;

import java.util.ArrayList;
import java.util.List;

/** The endpoints that one connection or exchange has tried in vain. Not thread-safe. */
public final class Exclusions {
    /** For first tries. */
    public static final Exclusions NONE = new Exclusions(List.of());

    private final List<Endpoint> tried;

    private Exclusions(List<Endpoint> tried) {
        this.tried = tried;
    }

    /** A new, empty set. */
    public static Exclusions create() {
        return new Exclusions(new ArrayList<>(2));
    }

    /** Adds an endpoint; not allowed on {@link #NONE}. */
    public void add(Endpoint endpoint) {
        tried.add(endpoint);
    }

    /** Whether {@code endpoint} was tried. */
    public boolean contains(Endpoint endpoint) {
        return tried.contains(endpoint);
    }

    /** Number of endpoints tried. */
    public int size() {
        return tried.size();
    }
}
