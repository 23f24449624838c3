package dev.weir.mongo;

import dev.weir.core.cluster.Conversation;
import dev.weir.core.cluster.HealthCheck;
import dev.weir.core.config.ConfigNode;

/**
 * {@code mongodb}: a MongoDB server answers {@code hello} with {@code ok: 1}, without a log-in, which that command never needs; a server that
 * does not know it yet (before 4.4.2) is asked {@code isMaster}. With {@code primary: true} it also has to take writes: of a replica set only
 * the primary does; a standalone and a mongos do, too. Servers before 3.6 close the connection, as they do not know OP_MSG.
 */
public final class MongoHealthCheck implements HealthCheck {
    /** Most bytes a server may say before the answer is clear; the hello of fifty members has about five thousand. */
    static final int MAX_BYTES = 64 << 10;

    /** For ServiceLoader. */
    public MongoHealthCheck() {}

    @Override
    public String type() {
        return "mongodb";
    }

    @Override
    public Probe configure(ConfigNode node) {
        boolean primary = node.bool("primary", false);
        return target -> Conversation.with(target, result -> new HealthTalk(result, primary));
    }
}
