package dev.weir.core.net;

import dev.weir.core.compress.Inflaters;
import dev.weir.core.exchange.Exchanges;
import dev.weir.core.filter.ConnectionEvents;
import dev.weir.core.filter.LoopEnvironment;
import dev.weir.core.filter.WireClock;
import io.netty.channel.EventLoop;

/** One event loop and what its connections share. */
record Loop(
        int index, EventLoop loop, Exchanges exchanges, WireClock clock, Inflaters inflaters, ConnectionEvents events)
        implements LoopEnvironment {
    Loop(int index, EventLoop loop, Exchanges exchanges, WireClock clock) {
        this(index, loop, exchanges, clock, ConnectionEvents.NONE);
    }

    Loop(int index, EventLoop loop, Exchanges exchanges, WireClock clock, ConnectionEvents events) {
        this(index, loop, exchanges, clock, new Inflaters(), events);
    }
}
