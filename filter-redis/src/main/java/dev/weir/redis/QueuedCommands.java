package dev.weir.redis;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Exchange.Status;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** The commands that are queued in a client's transaction: what became of each is told when EXEC, or what else ends it, has been answered. */
final class QueuedCommands {
    /** Beyond it commands are told of as they are queued: what is kept here is a client's to grow. */
    private static final int MOST = 4096;

    private record Queued(
            @Nullable CommandInfo info,
            long start,
            int requestBytes,
            @Nullable FirstKey key) {}

    /** Something that has been told of already. */
    private static final Queued TOLD = new Queued(null, 0, 0, null);

    private final ProxyLoop home;
    private final ProxyClient client;
    private final ArrayDeque<Queued> queued = new ArrayDeque<>(0);

    QueuedCommands(ProxyLoop home, ProxyClient client) {
        this.home = home;
        this.client = client;
    }

    /** A command of the transaction has been answered: whether it has ended with that, or was queued. What ends the transaction ends all of them. */
    boolean tells(Call call) {
        boolean exec = call.info.kind == CommandInfo.Kind.EXEC;
        if (exec || call.info.kind == CommandInfo.Kind.DISCARD) {
            // What an EXEC did that was sent and not answered nobody knows; where its slot has gone, it did nothing.
            boolean unknown = exec && call.byWeir && call.sentBytes > 0 && !"TRYAGAIN".equals(call.error);
            end(unknown ? Status.NO_REPLY : Status.ABORTED, call.link);
            return true;
        }
        boolean failed = call.status == Status.ERROR;
        if (queued.size() >= MOST || failed && !(call.byWeir && call.link != null)) {
            return true;
        }
        // Of one that failed on the way the shard may have heard nevertheless: then it has an element as well.
        queued.add(failed ? TOLD : new Queued(call.info, call.start, call.requestBytes, call.key));
        return failed;
    }

    /**
     * An element of the answer to EXEC ended, and with it the oldest command.
     *
     * @param bytes those of the element
     */
    void element(RespValue value, ShardLink link, long bytes) {
        Queued oldest = queued.poll();
        CommandInfo info = oldest == null ? null : oldest.info;
        if (oldest != null && info != null) {
            Outcome outcome = home.outcome;
            outcome.clear();
            outcome.bytes = bytes;
            Answers.element(outcome, info, value, home.errors);
            tell(oldest, info, link, outcome);
        }
    }

    /** Whatever is left has come to the same end. */
    void end(Status status, @Nullable ShardLink link) {
        while (!queued.isEmpty()) {
            Outcome outcome = home.outcome;
            outcome.clear();
            outcome.status = status;
            Queued oldest = queued.remove();
            if (oldest.info != null) {
                tell(oldest, oldest.info, link, outcome);
            }
        }
    }

    private void tell(Queued one, CommandInfo info, @Nullable ShardLink link, Outcome outcome) {
        Exchange exchange = CallExchange.begin(home, client.connection(), client.session(), info, one.start);
        exchange.requestBytes = one.requestBytes;
        exchange.responseBytes = outcome.bytes;
        exchange.status = outcome.status;
        exchange.error = outcome.error;
        exchange.rows = outcome.rows;
        exchange.hit = outcome.hit;
        exchange.shards = 1;
        if (link != null) {
            exchange.upstream = link.text();
            exchange.cluster = link.cluster().name();
        }
        CallExchange.end(home, exchange, one.key);
    }
}
