package dev.weir.proxy;

import dev.weir.core.Proxy;
import dev.weir.core.config.Address;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** One or more servers that join the demo when they are up. For any thread. */
interface DemoGuest {
    /** Where Weir listens for it if it can. */
    int port();

    /** The listener, and the cluster behind it; of no other guest's name. */
    QuickStart.Front front(Address listen);

    /** What it is and where, as in "Weir in front of …". */
    String title();

    /** What people type to talk to it through Weir. */
    String yourself(Address listen);

    /**
     * Fills it (past the proxy, if that makes no difference), and begins to send through {@code proxy}.
     *
     * @param news takes a line when something happens that the table does not show, on any thread
     * @throws IOException if it does not answer
     */
    Traffic begin(Address proxy, Consumer<String> news) throws IOException;

    /** Sample traffic, until it is closed. */
    interface Traffic extends AutoCloseable {
        /** The time of the demo begins, which ends after {@code limit}, or is endless if that is zero. Called once. */
        default void timeBegins(Duration limit) {}

        /** Has a look at Weir's clusters from now on, if that says something. Called once, after it began. */
        default void watch(Supplier<List<Proxy.ClusterStatus>> clusters) {}

        /** What there is to say at the end besides the table; after it was closed. */
        default List<String> summary() {
            return List.of();
        }

        @Override
        void close();
    }
}
