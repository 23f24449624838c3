package dev.weir.core.filter;

import dev.weir.core.exchange.Exchanges;
import io.netty.channel.EventLoop;

/** What is shared by the connections of one event loop. */
public interface LoopEnvironment {
    /** Number of the loop, from 0. */
    int index();

    /** The loop. */
    EventLoop loop();

    /** Where the producers of this loop get and hand in exchanges. */
    Exchanges exchanges();

    /** The clock. */
    WireClock clock();
}
