package dev.weir.http;

import org.jspecify.annotations.Nullable;

/** What the body of an answer says: items, capacity, what was not processed, and why not. */
final class DynamoResponse extends PathSink {
    private static final String CAPACITY = "ConsumedCapacity";
    private static final String RESPONSES = "Responses";

    final DynamoCapacity capacity = new DynamoCapacity();
    final Tally unprocessed = new Tally();

    /** Items of batches by table. */
    final Tally found = new Tally();

    /** Reasons a transaction was cancelled for; {@code None} is not one. */
    final Tally reasons = new Tally();

    long count;
    long scanned;
    long items;
    boolean listed;
    boolean item;
    boolean more;
    long statementErrors;

    @Nullable
    String type;

    @Nullable
    String throttling;

    private final Texts texts;
    private int capacityDepth;

    DynamoResponse(Texts texts) {
        this.texts = texts;
        clear();
    }

    /** Before another answer to the same request. */
    void clear() {
        reset();
        capacity.clear();
        unprocessed.clear();
        found.clear();
        reasons.clear();
        count = -1;
        scanned = -1;
        items = 0;
        listed = false;
        item = false;
        more = false;
        statementErrors = 0;
        type = null;
        throttling = null;
        capacityDepth = 0;
    }

    @Override
    void opened(boolean map, String name) {
        switch (depth()) {
            case 1 -> top(map, name);
            case 2 -> {
                if (in("Items") || in("Records")) {
                    items++;
                } else if (in(CAPACITY) && name.isEmpty()) {
                    capacity.begin();
                }
            }
            case 3 -> third(name);
            case 4 -> {
                if (in("UnprocessedKeys") && around(3).equals("Keys")) {
                    unprocessed.add(TableNames.of(around(2), texts), 1);
                }
            }
            default -> {
                // Within items.
            }
        }
    }

    private void top(boolean map, String name) {
        switch (name) {
            case "Item" -> item = true;
            case "Items", "Records", "TableNames", RESPONSES -> listed = true;
            case "LastEvaluatedKey" -> more = true;
            case CAPACITY -> {
                capacityDepth = map ? 2 : 3;
                if (map) {
                    capacity.begin();
                }
            }
            default -> {
                // Of no interest, or of interest within.
            }
        }
    }

    private void third(String name) {
        if (in(RESPONSES)) {
            if (name.isEmpty()) {
                items++;
                found.add(TableNames.of(around(2), texts), 1);
            } else if (name.equals("Item")) {
                items++;
            } else if (name.equals("Error")) {
                statementErrors++;
            }
        } else if (in("UnprocessedItems") && name.isEmpty()) {
            unprocessed.add(TableNames.of(around(2), texts), 1);
        }
    }

    @Override
    public void value(String name, Token token) {
        if (depth() == 1) {
            single(name, token);
        } else if (in(CAPACITY)) {
            consumed(name, token);
        } else if (depth() == 2 && in("TableNames")) {
            items++;
        } else if (depth() == 3 && token.isText()) {
            reason(name, token);
        } else if (depth() == 4
                && name.equals("Code")
                && in(RESPONSES)
                && around(3).equals("Error")
                && type == null) {
            type = token.isText() ? token.name() : null;
        }
    }

    private void single(String name, Token token) {
        switch (name) {
            case "Count" -> count = token.count();
            case "ScannedCount" -> scanned = token.count();
            case "NextToken", "LastEvaluatedTableName" -> more = token.isText();
            case "__type" -> type = token.isText() ? token.name() : null;
            default -> {
                // Of no interest.
            }
        }
    }

    private void reason(String name, Token token) {
        if (name.equals("Code") && in("CancellationReasons")) {
            String code = token.name();
            if (!code.equals("None")) {
                reasons.add(code, 1);
            }
        } else if (name.equals("reason") && in("ThrottlingReasons") && throttling == null) {
            throttling = token.name();
        }
    }

    private void consumed(String name, Token token) {
        if (depth() == capacityDepth) {
            if (name.equals("TableName") && token.isText()) {
                capacity.table(TableNames.of(token.name(), texts));
            } else if (name.equals("CapacityUnits")) {
                capacity.sum(token.number());
            }
        } else if (name.equals("CapacityUnits")) {
            if (depth() == capacityDepth + 1 && around(capacityDepth).equals("Table")) {
                capacity.part(null, token.number());
            } else if (depth() == capacityDepth + 2) {
                capacity.part(around(capacityDepth + 1), token.number());
            }
        }
    }
}
