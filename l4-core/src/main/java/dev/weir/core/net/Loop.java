package dev.weir.core.net;

import dev.weir.core.exchange.Exchanges;
import dev.weir.core.filter.LoopEnvironment;
import dev.weir.core.filter.WireClock;
import io.netty.channel.EventLoop;

/** One event loop and what its connections share. */
record Loop(int index, EventLoop loop, Exchanges exchanges, WireClock clock) implements LoopEnvironment {}
