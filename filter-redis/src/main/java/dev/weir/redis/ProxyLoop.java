package dev.weir.redis;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Exchanges;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.LoopEnvironment;
import dev.weir.core.filter.WireClock;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the clients and links of one {@code redis_proxy} share on one event loop. On that loop only, except {@link #close}. */
final class ProxyLoop {
    /** Whose output is written at the end of the loop's iteration. */
    interface Flushing {
        void flushNow();
    }

    private static final Logger LOG = LoggerFactory.getLogger(ProxyLoop.class);
    private static final int POOLED = 4096;
    private static final int SWEEP_SECONDS = 5;
    private static final int PRECONNECT_TRIES = 30;

    final ProxySettings settings;
    final CommandTable table;
    final PlanTable plans;
    final ErrorCodes errors;
    /** For the cursors. */
    final Loop shared;

    final EventLoop loop;
    final int index;
    final Exchanges exchanges;
    final WireClock clock;
    final ProxyMetrics metrics;
    final KeyFinder keys;
    final Dispatch dispatch;
    final ProxyPubSub pubSub;
    final Elsewhere elsewhere;
    final Outcome outcome = new Outcome();
    /** Those of the proxy, this one among them. */
    final List<ProxyLoop> loops;
    /** In the order in which they came. */
    final Set<ProxyClient> clients = new LinkedHashSet<>();

    private final Function<String, Endpoint.Outcome> outcomes;
    private final List<Shards> shards = new ArrayList<>();
    private int topology;
    private final Map<LinkKind, LinkSet> sets = new HashMap<>();
    /** Those of one client alone. */
    private final Set<LinkSet> pinned = Collections.newSetFromMap(new IdentityHashMap<>());

    private final ArrayDeque<Call> pool = new ArrayDeque<>();
    private final ScheduledFuture<?> sweeping;
    private final Runnable flush = this::flushAll;
    private List<Flushing> dirty = new ArrayList<>();
    private List<Flushing> flushing = new ArrayList<>();
    private byte[] scratch = new byte[1024];
    private ByteBufAllocator allocator = ByteBufAllocator.DEFAULT; // until there is a client
    private long opened;
    private long time;
    private boolean timeKnown;
    private boolean closed;

    ProxyLoop(
            ProxySettings settings,
            Loop shared,
            PlanTable plans,
            ProxyMetrics metrics,
            Function<String, Endpoint.Outcome> outcomes,
            List<ProxyLoop> loops,
            LoopEnvironment environment) {
        this.settings = settings;
        this.shared = shared;
        this.table = shared.table;
        this.errors = shared.errors;
        this.plans = plans;
        this.metrics = metrics;
        this.outcomes = outcomes;
        this.loops = loops;
        this.loop = environment.loop();
        this.index = environment.index();
        this.exchanges = environment.exchanges();
        this.clock = environment.clock();
        this.keys = new KeyFinder(new CommandReader(settings.limits()), Unpooled.EMPTY_BUFFER);
        this.dispatch = new Dispatch(this);
        this.pubSub = new ProxyPubSub(this);
        this.elsewhere = new Elsewhere(this);
        for (Cluster cluster : settings.routes().all()) {
            shards.add(new Shards(this, cluster, settings.routes().clusters().contains(cluster)));
        }
        this.sweeping = loop.scheduleWithFixedDelay(this::sweep, SWEEP_SECONDS, SWEEP_SECONDS, TimeUnit.SECONDS);
        if (settings.variant().preconnect()) {
            loop.execute(() -> preconnect(PRECONNECT_TRIES));
        }
    }

    /** Where endpoints are still being discovered, a little later. */
    private void preconnect(int tries) {
        List<Cluster> clusters = settings.routes().clusters();
        if (closed) {
            return;
        }
        topology();
        shards.forEach(links(LinkKind.FIRST)::open);
        if (tries > 1
                && clusters.stream().anyMatch(one -> one.snapshot().endpoints().isEmpty())) {
            loop.schedule(() -> preconnect(tries - 1), 1, TimeUnit.SECONDS);
        }
    }

    /** The configuration has ended, and all of its clients with it. From any thread. */
    void close() {
        loop.execute(() -> {
            closed = true;
            sweeping.cancel(false);
            sets.values().forEach(LinkSet::close);
            sets.clear();
            pubSub.close();
        });
    }

    private void sweep() {
        try {
            // What ends lets clients go on, and these may need others.
            for (Map.Entry<LinkKind, LinkSet> set : List.copyOf(sets.entrySet())) {
                set.getValue().sweep();
                drop(set.getKey());
            }
            List.copyOf(pinned).forEach(LinkSet::sweep);
            pubSub.sweep();
        } catch (RuntimeException e) {
            LOG.error("Looking after the connections to shards failed", e); // the next time is to come
        }
    }

    /** Connections of this kind are refused: unless others have some, they are forgotten. */
    void drop(LinkKind kind) {
        LinkSet set = sets.get(kind);
        if (set != null && set.unused() && !kind.equals(LinkKind.FIRST)) {
            sets.remove(kind);
            set.close();
        }
    }

    LinkSet links(LinkKind kind) {
        LinkSet set = sets.get(kind);
        if (set == null) {
            set = new LinkSet(this, kind, false);
            sets.put(kind, set);
        }
        return set;
    }

    // ---- shards

    /** Those of a route. */
    Shards shards(ProxyRoutes.Route route) {
        return shards.get(route.number());
    }

    /** Those of a cluster that a route leads to. */
    Shards shards(Cluster cluster) {
        return shards.get(settings.routes().all().indexOf(cluster));
    }

    /** All that clients reach. */
    List<Shards> shards() {
        return shards.subList(0, settings.routes().clusters().size());
    }

    /** Grows whenever slots have gone to other nodes. */
    int topology() {
        for (int i = 0; i < shards.size(); i++) {
            shards.get(i).refresh();
        }
        return topology;
    }

    /** Slots have gone to other nodes. */
    void slotsMoved() {
        topology++;
    }

    /** The connections that a client of this kind is to use from now on: others may use them, or nobody else. Given back by {@link #leave}. */
    LinkSet enter(LinkKind kind) {
        LinkSet set = settings.pins() ? new LinkSet(this, kind, true) : links(kind);
        if (settings.pins()) {
            pinned.add(set);
        }
        set.used(1);
        return set;
    }

    /** The client uses them no more. */
    void leave(LinkSet set) {
        set.used(-1);
        if (settings.pins()) {
            pinned.remove(set);
            set.close();
        }
    }

    // ---- calls

    Call open(CommandInfo info, long start, int bytes) {
        Call call = pool.pollLast();
        if (call == null) {
            call = new Call(this);
        }
        call.begin(info, start, bytes);
        call.order = ++opened;
        return call;
    }

    void free(Call call) {
        call.clear();
        call.pooled = true;
        if (pool.size() < POOLED) {
            pool.addLast(call);
        }
    }

    /** Bytes of the answer to a call that are no more needed afterwards. */
    void answer(Call call, ByteBuf buf, int from, int length, boolean last) {
        if (last && call.awaited) {
            elsewhere.cameBack(call);
        }
        Merge merge = call.merge;
        if (merge != null) {
            merge.answer(call, buf, from, length, last);
            return;
        }
        ProxyClient client = call.client;
        if (client != null) {
            client.answer(call, buf, from, length, last);
        } else if (last && call.whenDone != null) {
            call.whenDone.run();
        }
    }

    /** The call gets an error of ours, which begins with a code, in place of an answer. */
    void fail(Call call, String error) {
        if (call.done) {
            return;
        }
        if (call.awaited) {
            elsewhere.cameBack(call);
        }
        call.byWeir = true;
        call.dropKept();
        call.status = Exchange.Status.ERROR;
        int code = error.indexOf(' ');
        call.error = code < 0 ? error : error.substring(0, code);
        call.rows = -1;
        call.hit = -1;
        call.end = clock.nanoTime();
        ByteBuf text = allocator().buffer(error.length() + 16);
        Resp.error(text, error);
        call.responseBytes = text.readableBytes();
        Merge merge = call.merge;
        if (merge != null) {
            call.hold(text);
            merge.ended(call);
            return;
        }
        ProxyClient client = call.client;
        if (client == null) {
            text.release();
            call.done = true;
            if (call.whenDone != null) {
                call.whenDone.run();
            }
        } else {
            client.answerWhole(call, text);
        }
    }

    /**
     * All of them get it, whatever becomes of one: whoever is told may send again at once, or leave.
     *
     * @param again whether those that can be sent again are
     */
    void failAll(List<Call> calls, String error, boolean again) {
        List<Call> failed = calls;
        if (again && !closed) { // a loop that ends connects to nobody any more
            // First of all: who is told of a failure may go on at once, and is not to be faster than they.
            BitSet unrepeatable = beforeWrites(calls);
            failed = new ArrayList<>();
            for (int i = 0; i < calls.size(); i++) {
                if (unrepeatable.get(i) || !repeated(calls.get(i))) {
                    failed.add(calls.get(i));
                }
            }
        }
        for (Call call : failed) {
            try {
                if (!call.done) {
                    metrics.lost(call);
                }
                fail(call, error);
            } catch (RuntimeException | Error e) {
                crashed(call, e);
            }
            call.free();
        }
    }

    private boolean repeated(Call call) {
        try {
            return elsewhere.again(call);
        } catch (RuntimeException | Error e) {
            crashed(call, e);
            return true;
        }
    }

    /** Which calls stand before a write of the same client, which may have been carried out: sent again they could see what it did. */
    private static BitSet beforeWrites(List<Call> calls) {
        BitSet before = new BitSet();
        Set<ProxyClient> writers = new HashSet<>();
        for (int i = calls.size() - 1; i >= 0; i--) {
            Call call = calls.get(i);
            Merge merge = call.merge;
            ProxyClient client = merge == null ? call.client : merge.client();
            if (client != null && !call.info.onlyReads()) {
                writers.add(client);
            }
            before.set(i, client != null && writers.contains(client));
        }
        return before;
    }

    Endpoint.Outcome judge(String error) {
        return outcomes.apply(error);
    }

    /** That of the clients' connections. */
    ByteBufAllocator allocator() {
        return allocator;
    }

    /** A client has come. */
    void opened(ProxyClient client) {
        allocator = client.connection().allocator();
        clients.add(client);
        metrics.clients.increment();
    }

    /** A client has left. */
    void closed(ProxyClient client) {
        clients.remove(client);
        metrics.clients.decrement();
    }

    /** An array of at least {@code length} bytes, for the running call only. */
    byte[] scratch(int length) {
        if (scratch.length < length) {
            scratch = new byte[Math.max(length, Math.min(scratch.length * 2, 1 << 20))];
        }
        return scratch;
    }

    /** The time, as it was when it was first asked for in this iteration; only for what ends with a flush. */
    long now() {
        if (!timeKnown) {
            timeKnown = true;
            time = clock.nanoTime();
        }
        return time;
    }

    /** What had to be done for a call failed: its client cannot be served any more. */
    void crashed(Call call, Throwable cause) {
        LOG.error("A command failed. command={}", call.info, cause);
        call.done = true;
        ProxyClient client = call.merge == null ? call.client : call.merge.client();
        if (client != null) {
            client.connection().close(CloseReason.INTERNAL_ERROR);
        } else if (call.whenDone != null) {
            call.whenDone.run();
        }
    }

    // ---- flushing

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
        timeKnown = false;
        for (int i = 0; i < all.size(); i++) {
            try {
                all.get(i).flushNow();
            } catch (RuntimeException | Error e) {
                LOG.error("Flushing failed", e); // the others are not to wait for ever
            }
        }
        all.clear();
        timeKnown = false; // what was sent meanwhile may have been flushed with it
    }

    boolean closed() {
        return closed;
    }
}
