package dev.weir.redis;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.config.Address;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** What is said on a new connection before any command: log-in, RESP version, database. All of it has to be answered well. */
final class LinkGreeting {
    private final ProxyLoop home;
    private final LinkKind kind;
    private final Cluster cluster;
    private final RedisLogin login;
    private final int database;
    private int missing;
    /** Whether the last answer is that to SELECT. */
    private boolean selects;

    private @Nullable String refusal;

    LinkGreeting(ProxyLoop home, LinkKind kind, Cluster cluster, Address address) {
        this.home = home;
        this.kind = kind;
        this.cluster = cluster;
        this.login = kind.login(home.settings.upstream().at(address));
        this.database = kind.databaseOf(home.settings.variant(), address.isUnix());
    }

    /** Whether it has copies of another one's keys. */
    static boolean isReplica(Endpoint endpoint) {
        return RedisClusterView.REPLICA.equals(endpoint.metadata().get(RedisClusterView.ROLE));
    }

    /** A new connection is made: nothing has been refused. */
    void forget() {
        refusal = null;
    }

    /** Says it; false if there is nothing to say. */
    boolean begin(Channel to, Endpoint endpoint) {
        refusal = null;
        ByteBuf text = to.alloc().buffer();
        missing = kind.greet(text, login, database);
        selects = database > 0;
        if (isReplica(endpoint) && home.shards(cluster).bySlots()) {
            // A replica of a Redis Cluster answers for its master's slots only if it is told so.
            text.writeBytes(Resp.READONLY, 0, Resp.READONLY.readableBytes());
            missing++;
            selects = false;
        }
        if (missing == 0) {
            text.release();
            return false;
        }
        to.writeAndFlush(text, to.voidPromise());
        return true;
    }

    /** Takes an answer; true if it was the last one, and none was an error. */
    boolean answered(RespValue value) {
        if (value.type == '-') {
            String error = new String(value.text, 0, value.textLength, StandardCharsets.UTF_8);
            // Of a log-in only the code: a server that does not know the command repeats what it was sent.
            refusal = missing == 1 && selects ? error : login.refusal(error);
            return false;
        }
        return --missing == 0;
    }

    /** Why the shard did not let the last connection begin, or null if it did. */
    @Nullable
    String refusal() {
        return refusal;
    }
}
