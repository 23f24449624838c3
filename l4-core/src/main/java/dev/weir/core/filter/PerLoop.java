package dev.weir.core.filter;

/**
 * Something configured once that is made in two more steps: once per event loop, then once per connection.
 *
 * @param <T> what a connection gets
 */
@FunctionalInterface
public interface PerLoop<T> {
    /**
     * Called on the loop, before its first connection that needs it; at most once per loop and configuration, not at all
     * where no connection comes. It must not throw: problems are reported while configuring.
     */
    PerConnection<T> onLoop(LoopEnvironment loop);

    /**
     * The last step.
     *
     * @param <T> what a connection gets
     */
    @FunctionalInterface
    interface PerConnection<T> {
        /**
         * Called once per connection, on its loop, when its chain is made: before any filter is opened, so attributes of
         * the connection are not there yet. The answer may be shared by connections only if it has no state.
         */
        T create(Connection connection);
    }

    /** For filters that share nothing. */
    static <T> PerLoop<T> always(PerConnection<T> perConnection) {
        return loop -> perConnection;
    }
}
