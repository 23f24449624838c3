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
            CommandInfo info,
            long start,
            int requestBytes,
            @Nullable FirstKey key) {}

    private final ProxyLoop home;
    private final ProxyClient client;
    private final ArrayDeque<Queued> queued = new ArrayDeque<>(0);

    QueuedCommands(ProxyLoop home, ProxyClient client) {
        this.home = home;
        this.client = client;
    }

    /** A command was queued; false if it is to be told of at once. */
    boolean add(Call call) {
        if (queued.size() >= MOST) {
            return false;
        }
        queued.add(new Queued(call.info, call.start, call.requestBytes, call.key));
        return true;
    }

    /**
     * An element of the answer to EXEC ended, and with it the oldest command.
     *
     * @param bytes those of the element
     */
    void element(RespValue value, ShardLink link, long bytes) {
        Queued oldest = queued.poll();
        if (oldest != null) {
            Outcome outcome = home.outcome;
            outcome.clear();
            outcome.bytes = bytes;
            Answers.element(outcome, oldest.info, value, home.errors);
            tell(oldest, link, outcome);
        }
    }

    /** Whatever is left has come to the same end. */
    void end(Status status, @Nullable ShardLink link) {
        while (!queued.isEmpty()) {
            Outcome outcome = home.outcome;
            outcome.clear();
            outcome.status = status;
            tell(queued.remove(), link, outcome);
        }
    }

    private void tell(Queued one, @Nullable ShardLink link, Outcome outcome) {
        Exchange exchange = CallExchange.begin(home, client.connection(), client.session(), one.info, one.start);
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
