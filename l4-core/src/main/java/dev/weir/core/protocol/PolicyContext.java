package dev.weir.core.protocol;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.WireClock;

/** What a {@link CommandPolicy} may ask of its connection; on that connection's event loop only. */
public interface PolicyContext {
    /** The connection: addresses, listener, attributes, event loop, allocator. */
    Connection connection();

    /** The clock. Policies are told the time when they are asked: read it only elsewhere. */
    WireClock clock();

    /** Closes the connection. Further calls have no effect. */
    void close(CloseReason reason);

    /** For terminals, which close their connection by itself. */
    static PolicyContext of(Connection connection, WireClock clock) {
        return new PolicyContext() {
            @Override
            public Connection connection() {
                return connection;
            }

            @Override
            public WireClock clock() {
                return clock;
            }

            @Override
            public void close(CloseReason reason) {
                connection.close(reason);
            }
        };
    }
}
