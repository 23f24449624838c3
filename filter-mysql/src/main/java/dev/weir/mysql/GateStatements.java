package dev.weir.mysql;

import io.netty.util.collection.IntObjectHashMap;
import org.jspecify.annotations.Nullable;

/** The prepared statements of a connection, as its command gate knows them. */
final class GateStatements {
    /** Most of them that are remembered; executions of others may be anything. */
    static final int MOST = 1_024;

    /** The number of the one that was sent last to be prepared (MariaDB). */
    static final int LAST = -1;

    private @Nullable IntObjectHashMap<GateStatement> byId;
    private GateStatement last = GateStatement.UNKNOWN;

    /** It was sent to be prepared, or was not: then executing the last one fails. */
    void sent(@Nullable GateStatement statement) {
        last = statement == null ? GateStatement.UNKNOWN : statement;
    }

    /** The server knows it by {@code id}. */
    void prepared(GateStatement statement, int id) {
        if (byId == null) {
            byId = new IntObjectHashMap<>(4);
        }
        byId.remove(id);
        if (!statement.closed && byId.size() < MOST) {
            byId.put(id, statement);
        }
    }

    GateStatement get(int id) {
        if (id == LAST) {
            return last;
        }
        GateStatement known = byId == null ? null : byId.get(id);
        return known == null ? GateStatement.UNKNOWN : known;
    }

    void closed(int id) {
        GateStatement statement = get(id);
        if (statement == last && last != GateStatement.UNKNOWN) {
            last.closed = true;
            last = GateStatement.UNKNOWN;
        }
        if (byId != null) {
            byId.remove(id);
        }
    }

    /** The server has forgotten them all. */
    void clear() {
        byId = null;
        last = GateStatement.UNKNOWN;
    }
}
