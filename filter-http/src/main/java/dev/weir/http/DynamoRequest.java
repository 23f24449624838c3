package dev.weir.http;

import dev.weir.core.sql.SqlCharset;
import dev.weir.core.sql.SqlMode;
import dev.weir.core.sql.SqlStatement;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** What the body of a request says: tables and how many items of each, the index, PartiQL. */
final class DynamoRequest extends PathSink {
    /** Names stand in double quotes, values in single ones, which are doubled within. */
    private static final SqlMode PARTIQL = new SqlMode(true, true, SqlCharset.PLAIN);

    private final ObservationLoop loop;
    private final boolean raw;

    final Tally tables = new Tally();

    /** Items of a batch or transaction; 0 for a single one. */
    long items;

    @Nullable
    String index;

    boolean consistent;

    @Nullable
    SqlStatement sql;

    /** The statement as it was sent, where opted in. */
    @Nullable
    String text;

    private boolean several;

    DynamoRequest(ObservationLoop loop, boolean raw) {
        this.loop = loop;
        this.raw = raw;
    }

    @Override
    void opened(boolean map, String name) {
        if (depth() == 2 && in("TransactItems")) {
            items++;
        } else if (in("RequestItems")
                && (depth() == 3 && name.isEmpty() || depth() == 4 && around(3).equals("Keys"))) {
            items++;
            tables.add(TableNames.of(around(2), loop.texts), 1);
        }
    }

    @Override
    public void value(String name, Token token) {
        if (depth() == 1) {
            top(name, token);
        } else if (depth() == 4 && name.equals("TableName") && token.isText() && in("TransactItems")) {
            tables.add(TableNames.of(token.name(), loop.texts), 1);
        } else if (depth() == 3 && name.equals("Statement") && token.isText()) {
            items++;
            statement(token);
        }
    }

    private void top(String name, Token token) {
        switch (name) {
            case "TableName", "GlobalTableName", "StreamArn", "TableArn" -> {
                if (token.isText()) {
                    tables.add(TableNames.of(token.name(), loop.texts), 0);
                }
            }
            case "IndexName" -> index = token.isText() ? token.name() : null;
            case "ConsistentRead" -> consistent = token.isTrue();
            case "Statement" -> {
                if (token.isText()) {
                    statement(token);
                }
            }
            default -> {
                // Of no interest.
            }
        }
    }

    private void statement(Token token) {
        String written = token.text();
        byte[] bytes = written.getBytes(StandardCharsets.UTF_8);
        SqlStatement normal = loop.statement(bytes, bytes.length, PARTIQL, written.length() >= Token.LONGEST);
        SqlStatement first = sql;
        if (first == null && !several) {
            sql = normal;
            text = raw ? written : null;
        } else if (first == null || first.id() != normal.id()) {
            several = true;
            sql = null;
            text = null;
        }
        for (String table : normal.tables()) {
            tables.add(table, items > 0 ? 1 : 0);
        }
    }
}
