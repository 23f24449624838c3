package dev.weir.core.filter;

import dev.weir.core.compress.Inflaters;
import dev.weir.core.exchange.Exchanges;
import io.netty.channel.EventLoop;

/** What is shared by the connections of one event loop. To be used on that loop, at any time. */
public interface LoopEnvironment {
    /** Number of the loop in its proxy, from 0. */
    int index();

    /** The loop. */
    EventLoop loop();

    /** Where the producers of this loop get and hand in exchanges. */
    Exchanges exchanges();

    /** What inflates compressed frames, in bounded memory. */
    Inflaters inflaters();

    /** The clock. */
    WireClock clock();
}
