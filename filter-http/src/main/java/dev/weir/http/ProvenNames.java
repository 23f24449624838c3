package dev.weir.http;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Names that clients chose and a server has proven: it has done something with what is called so. Only these are labels of metrics, as else a client without
 * any rights could make series. The first {@value #MOST}; none is forgotten. Of one terminal; from any thread.
 */
final class ProvenNames {
    static final int MOST = 500;

    private final Map<String, String> names = new ConcurrentHashMap<>();

    /**
     * The name as a label, always the same instance; null if it is none.
     *
     * @param proven whether a server has just proven it
     */
    @Nullable
    String label(String name, boolean proven) {
        String known = names.get(name);
        return known != null || !proven || names.size() >= MOST ? known : add(name);
    }

    private synchronized @Nullable String add(String name) {
        String known = names.get(name);
        if (known == null && names.size() < MOST) {
            names.put(name, name);
            known = name;
        }
        return known;
    }
}
