package dev.weir.core.filter;

import dev.weir.core.config.ConfigNode;

/**
 * Makes filters of one type. Found by {@link java.util.ServiceLoader}, on the class path and in the jars of
 * {@code plugins/}. Guarantees:
 *
 * <ol>
 *   <li>One factory object per proxy, made by its public no-argument constructor. It holds no state.
 *   <li>{@link #configure} is called once for each place in a configuration that names this type, off the
 *       event loops; also by {@code weir check}, without anything being started. It must not open files, start
 *       threads or connect. It reports problems through {@link ConfigNode}, all of them, and does not throw.
 *   <li>What it returns is asked at most once per event loop, on that loop, before its first connection that needs it:
 *       the place for everything with a single writer (pools, recorders), so that nothing is looked up later.
 *   <li>What that returns is asked once per connection, on its loop, for the filter.
 *   <li>A configuration generation ends when it has been replaced and its last connection has closed; then
 *       what was registered with {@link FilterEnvironment#onClose} is closed, in reverse order.
 * </ol>
 *
 * <p>At a reload steps 2 to 4 are done again for the new generation, while connections of the old one go on.
 */
public interface FilterFactory {
    /** The name that users write after {@code type:}; snake_case, always the same. No two extensions may share one. */
    String type();

    /**
     * Reads and checks the configuration of one filter. Ask {@code config} for every key there is: the core reports the
     * ones nobody asked for. After problems were reported what is returned is never used, but it must not be null.
     */
    PerLoop<NetworkFilter> configure(ConfigNode config, FilterEnvironment environment);
}
