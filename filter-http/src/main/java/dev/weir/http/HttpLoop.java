package dev.weir.http;

import dev.weir.core.exchange.Exchanges;
import dev.weir.core.filter.LoopEnvironment;
import dev.weir.core.filter.WireClock;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the connections of one terminal {@code http} share on one event loop. On that loop only. */
final class HttpLoop {
    /** Whose output is written at the end of the loop's iteration. */
    interface Flushing {
        /** Writes it to the socket. */
        void flushNow();
    }

    private static final Logger LOG = LoggerFactory.getLogger(HttpLoop.class);

    final EventLoop loop;
    final WireClock clock;
    final Exchanges exchanges;

    private final Runnable flush = this::flushAll;
    private List<Flushing> dirty = new ArrayList<>();
    private List<Flushing> flushing = new ArrayList<>();

    HttpLoop(LoopEnvironment environment) {
        this.loop = environment.loop();
        this.clock = environment.clock();
        this.exchanges = environment.exchanges();
    }

    /** Its output goes out at the end of this iteration. Each may say so once until then. */
    void soon(Flushing who) {
        if (dirty.isEmpty()) {
            loop.execute(flush);
        }
        dirty.add(who);
    }

    private void flushAll() {
        List<Flushing> all = dirty;
        dirty = flushing;
        flushing = all;
        for (int i = 0; i < all.size(); i++) {
            try {
                all.get(i).flushNow();
            } catch (RuntimeException | Error e) {
                LOG.error("Flushing failed", e); // the others are not to wait for ever
            }
        }
        all.clear();
    }
}
