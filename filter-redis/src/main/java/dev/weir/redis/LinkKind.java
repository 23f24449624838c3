package dev.weir.redis;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * What connections to shards have in common whose clients may share them.
 *
 * @param resp3 whether they speak RESP3
 * @param database the database their commands run in
 * @param login what the client has logged in with, where shards are to know; null for what the proxy logs in with
 */
record LinkKind(boolean resp3, int database, @Nullable RedisLogin login) {
    /** That of clients that have chosen nothing. */
    static final LinkKind FIRST = new LinkKind(false, 0, null);

    /** Whether a client has chosen something that a shard may refuse. */
    boolean isChosen() {
        return login != null || database > 0 || resp3;
    }

    /** What is logged in with, where the proxy itself would do so with {@code proxy}. */
    RedisLogin login(RedisLogin proxy) {
        return login == null ? proxy : login;
    }

    /** Its database at a shard, where clients have a fixed one for theirs. */
    int databaseOf(ProxyVariant variant, boolean unix) {
        return database > 0 ? database : unix ? variant.unixDatabase() : variant.database();
    }

    /** Writes what has to be said on a new connection, to be in database {@code chosen}; answers how many answers come. */
    int greet(ByteBuf out, RedisLogin proxy, int chosen) {
        RedisLogin login = login(proxy);
        int commands = 0;
        if (resp3) {
            // Before the log-in only HELLO is allowed with everything in it.
            boolean any = !login.command().isEmpty();
            Resp.arrayHeader(out, any ? 5 : 2);
            Resp.bulk(out, "HELLO");
            Resp.bulk(out, "3");
            if (any) {
                int last = login.command().size() - 1;
                Resp.bulk(out, "AUTH");
                Resp.bulk(out, last > 1 ? login.command().get(1) : Session.DEFAULT_USER);
                Resp.bulk(out, login.command().get(last));
            }
            commands++;
        } else if (!login.command().isEmpty()) {
            Resp.arrayHeader(out, login.command().size());
            login.command().forEach(word -> Resp.bulk(out, word));
            commands++;
        }
        if (chosen > 0) {
            Resp.arrayHeader(out, 2);
            Resp.bulk(out, "SELECT");
            Resp.bulk(out, Integer.toString(chosen));
            commands++;
        }
        return commands;
    }
}
