package dev.weir.redis;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * A command with an argument that is too large to be read whole: it goes to its shard as it comes, on a connection of its own, so that nobody else
 * waits behind it. The connection is made before the first byte is taken from the client.
 */
final class LargeCommand {
    private final ProxyLoop home;
    private final ProxyClient client;
    private final CommandInfo info;
    private final LinkSet links;
    private final ShardLink link;
    private @Nullable Call call;
    private boolean begun;
    private boolean complete;

    LargeCommand(ProxyLoop home, ProxyClient client, CommandInfo info, LinkSet links, ShardLink link) {
        this.home = home;
        this.client = client;
        this.info = info;
        this.links = links;
        this.link = link;
    }

    /** Makes sure that there is a connection; nothing more is read until there is, or until there cannot be one. */
    void connect() {
        if (link.isReady()) {
            return;
        }
        client.raise();
        Call asking = home.open(home.table.other(), home.clock.nanoTime(), Resp.PING.readableBytes());
        asking.whenDone = client::lower;
        link.send(asking, Resp.PING, 0, Resp.PING.readableBytes());
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
        opened.target = home.dispatch.shownKey(info, reader, buf);
        client.lane().enter(link);
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
        Call open = call;
        if (open != null) {
            home.fail(open, "ERR " + why);
        }
        link.abort();
    }
}
