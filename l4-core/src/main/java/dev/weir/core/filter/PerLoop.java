package dev.weir.core.filter;

/**
 * Something configured once that is made in two more steps: once per event loop, then once per connection.
 *
 * @param <T> what a connection gets
 */
@FunctionalInterface
public interface PerLoop<T> {
    /** Called on the loop, before its first connection that needs it. */
    PerConnection<T> onLoop(LoopEnvironment loop);

    /**
     * The last step.
     *
     * @param <T> what a connection gets
     */
    @FunctionalInterface
    interface PerConnection<T> {
        /** Called on the connection's loop, when its chain is made. */
        T create(Connection connection);
    }

    /** For filters that share nothing. */
    static <T> PerLoop<T> always(PerConnection<T> perConnection) {
        return loop -> perConnection;
    }
}
