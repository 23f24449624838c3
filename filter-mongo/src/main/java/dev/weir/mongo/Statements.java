package dev.weir.mongo;

import dev.weir.core.cluster.XxHash64;
import dev.weir.core.exchange.Operation;
import dev.weir.core.sql.DigestTable;
import dev.weir.core.sql.SqlStatement;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Statements of commands on a collection: the same instance for the same one, as long as no other one takes its place. Bounded; on one
 * loop only.
 */
final class Statements {
    private static final int SLOTS = 256;

    private final @Nullable Known[] slots = new @Nullable Known[SLOTS];
    private final byte[] scratch = new byte[2 * Shape.TEXT + 4 * Interned.LONGEST];

    /** What a statement was made of: to compare with this is cheaper than to make its digest again. */
    private static final class Known {
        private Operation operation = Commands.ALL.other();
        private String collection = "";
        private @Nullable String namespace;
        private byte[] shape = new byte[64];
        private int length = -1;

        @Nullable
        SqlStatement statement;

        boolean is(Command c, String name, Shape other) {
            String database = c.namespace;
            return length == other.length()
                    && operation.equals(c.operation)
                    && collection.equals(name)
                    && (database == null ? namespace == null : database.equals(namespace))
                    && Bson.same(shape, other.bytes(), 0, length);
        }

        void set(Command c, String name, Shape from, SqlStatement made) {
            operation = c.operation;
            collection = name;
            namespace = c.namespace;
            length = from.length();
            if (shape.length < length + 8) {
                shape = new byte[length + 8];
            }
            System.arraycopy(from.bytes(), 0, shape, 0, length);
            statement = made;
        }
    }

    /** The statement of a command. */
    SqlStatement of(DigestTable digests, Command c, String collection, Shape shape) {
        int slot = (int) (Bson.hash(shape.bytes(), 0, shape.length()) >>> 32) + collection.hashCode() & SLOTS - 1;
        Known known = slots[slot];
        if (known == null) {
            known = new Known();
            slots[slot] = known;
        }
        SqlStatement statement = known.statement;
        if (statement == null || !known.is(c, collection, shape)) {
            statement = find(digests, known, c, collection, shape);
            known.set(c, collection, shape, statement);
        }
        return statement;
    }

    /** By its digest: it may have had another place, or have one in the table. */
    private SqlStatement find(DigestTable digests, Known before, Command c, String collection, Shape shape) {
        byte[] a = scratch;
        int n = put(a, 0, c.operation.name());
        a[n++] = ' ';
        n = put(a, n, collection);
        System.arraycopy(shape.bytes(), 0, a, n, shape.length());
        n += shape.length();
        int end = n;
        a[n++] = 0;
        n = put(a, n, c.namespace == null ? "" : c.namespace);
        long id = XxHash64.hash(a, n, 0);
        SqlStatement known = digests.find(id);
        if (known != null) {
            return known;
        }
        SqlStatement there = before.statement;
        return there != null && there.id() == id
                ? there
                : make(id, new String(a, 0, end, StandardCharsets.UTF_8), c, collection, shape);
    }

    private static int put(byte[] a, int at, String text) {
        int n = text.length();
        int i = 0;
        while (i < n && text.charAt(i) < 0x80) {
            a[at + i] = (byte) text.charAt(i++);
        }
        if (i == n) {
            return at + n;
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int most = Math.min(bytes.length, 2 * Interned.LONGEST);
        System.arraycopy(bytes, 0, a, at, most);
        return at + most;
    }

    private static SqlStatement make(long id, String text, Command c, String collection, Shape shape) {
        List<String> tables = new ArrayList<>();
        tables.add(collection);
        if (shape.collectionBytes() > 0) {
            String more = new String(shape.collections(), 2, shape.collectionBytes() - 2, StandardCharsets.UTF_8);
            for (String table : more.split(", ", -1)) {
                if (!tables.contains(table)) {
                    tables.add(table);
                }
            }
        }
        String verb = c.operation.name();
        String summary = verb + ' ' + (c.namespace == null ? "" : c.namespace + '.') + collection;
        return new SqlStatement(id, text, verb, tables, summary, text, shape.full());
    }
}
