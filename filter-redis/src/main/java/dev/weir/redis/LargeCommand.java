package dev.weir.redis;

import dev.weir.core.cluster.Endpoint;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * A command with an argument that is too large to be read whole: it goes to its shard as it comes, on a connection of its own, so that nobody else
 * waits behind it. The connection is made before the first byte is taken from the client; of a Redis Cluster it is that to the node that has the key,
 * as what has been passed on cannot be sent to another one.
 */
final class LargeCommand {
    private final ProxyLoop home;
    private final ProxyClient client;
    private final CommandInfo info;
    private final LinkSet links;
    private final int slot;
    private final ByteBuf probe;
    private ShardLink link;
    /** Whether the slot of the key is on its way to this shard. */
    private boolean asks;

    private @Nullable Call call;
    private boolean begun;
    private boolean gone;
    private boolean complete;

    /** @param probe what is asked before; unpooled */
    LargeCommand(
            ProxyLoop home,
            ProxyClient client,
            CommandInfo info,
            LinkSet links,
            ShardLink link,
            int slot,
            ByteBuf probe) {
        this.home = home;
        this.client = client;
        this.info = info;
        this.links = links;
        this.link = link;
        this.slot = slot;
        this.probe = probe;
    }

    /** Makes sure that there is a connection, and that it is the right one; nothing more is read until there is, or until there cannot be one. */
    void connect() {
        if (link.isReady() && !link.redirects()) {
            return;
        }
        client.raise();
        Call asking = home.open(home.table.other(), home.clock.nanoTime(), probe.readableBytes());
        asking.whenDone = client::lower;
        asking.large = this;
        asking.slot = slot;
        link.send(asking, probe, 0, probe.readableBytes());
    }

    /** The shard has answered that another one has the key. */
    void redirected(Call asking, Endpoint endpoint, boolean onItsWay) {
        if (gone) {
            home.fail(asking, "ERR the client has left");
            asking.free();
            return;
        }
        ShardLink before = link;
        link = links.lease(before.cluster(), endpoint);
        links.giveBack(before);
        asks = onItsWay;
        asking.asks = asks;
        link.send(asking, probe, 0, probe.readableBytes());
    }

    /** Whether its begin has been taken. */
    boolean begun() {
        return begun;
    }

    /** What has been read of it goes to the shard. */
    void begin(CommandReader reader, ByteBuf buf) {
        begun = true;
        Call opened = client.open(info, 0);
        call = opened;
        opened.large = this;
        opened.key = FirstKey.of(home, info, reader, buf);
        client.lane().enter(link);
        opened.asks = asks;
        opened.slot = slot;
        link.begin(opened, buf, reader.start(), reader.end() - reader.start());
    }

    /** More of it; {@code last} says that it is whole with that. */
    void goOn(ByteBuf buf, int from, int length, boolean last) {
        complete |= last;
        Call open = call;
        if (open != null && length > 0) {
            open.requestBytes += length;
            open.sent = home.clock.nanoTime(); // its time begins when it is whole
            link.goOn(client, buf, from, length);
        }
    }

    /** It has been answered, or has failed. */
    void answered(boolean byWeir) {
        call = null;
        client.lane().leave();
        if (complete && !byWeir) {
            links.giveBack(link);
        } else {
            link.abort(); // the server has not waited for its end: what follows is dropped
        }
    }

    /** The rest will not come. */
    void broken(String why) {
        gone = true;
        Call open = call;
        if (open != null) {
            home.fail(open, "ERR " + why);
        }
        link.abort();
    }
}
