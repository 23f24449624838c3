package dev.weir.mongo;

import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.bson.BsonArray;
import org.bson.BsonDocument;
import org.bson.BsonNull;
import org.bson.BsonValue;
import org.jspecify.annotations.Nullable;

/**
 * A command as a driver tells of it in its command monitoring, read with the bson library.
 *
 * @param requestId of the message; 0 where the driver only went on reading a stream of answers
 * @param command empty where the driver hides it
 * @param reply also that of a failure, null where there was none
 */
record SeenCommand(
        int requestId,
        String name,
        String database,
        BsonDocument command,
        @Nullable BsonDocument reply,
        boolean failed) {
    /** Commands that tell how many documents they changed; {@code n} of others is something else. */
    private static final List<String> WRITES = List.of("insert", "update", "delete");

    private static final List<String> SEQUENCES = List.of("documents", "updates", "deletes", "ops");

    /** A part of a document, by names with dots between; null if it is not there. */
    static @Nullable BsonValue find(@Nullable BsonDocument in, String path) {
        BsonValue value = in;
        for (String name : path.split("\\.", -1)) {
            value = value instanceof BsonDocument document ? document.get(name) : null;
        }
        return value instanceof BsonNull ? null : value;
    }

    /** The same as a text: of texts, numbers and ids. */
    static @Nullable String text(@Nullable BsonDocument in, String path) {
        BsonValue value = find(in, path);
        if (value == null) {
            return null;
        }
        return switch (value.getBsonType()) {
            case STRING -> value.asString().getValue();
            case INT32, INT64, DOUBLE -> Long.toString(value.asNumber().longValue());
            default -> value.toString();
        };
    }

    static int size(@Nullable BsonValue array) {
        return array instanceof BsonArray values ? values.size() : -1;
    }

    private static long number(@Nullable BsonDocument in, String name) {
        BsonValue value = find(in, name);
        return value != null && value.isNumber() ? value.asNumber().longValue() : -1;
    }

    /** Whether nobody waits for an answer. */
    boolean unacknowledged() {
        return number(command.getDocument("writeConcern", new BsonDocument()), "w") == 0;
    }

    /** Of what is explained, else of the command itself. */
    BsonDocument inner() {
        return name.equals("explain") && command.get("explain") instanceof BsonDocument explained ? explained : command;
    }

    /** What an exchange calls it; nothing is known of one that was made up. */
    String label() {
        if (name.equals("noSuchCommand")) {
            return "_OTHER";
        }
        return name.equals("explain") ? "explain " + inner().getFirstKey() : name;
    }

    /** The first code that tells of a failure. */
    @Nullable
    String error() {
        if (unacknowledged() || reply == null) {
            return null;
        }
        if (failed || number(reply, "ok") != 1) {
            return Objects.requireNonNullElse(text(reply, "code"), "unknown");
        }
        if (reply.get("writeErrors") instanceof BsonArray errors && !errors.isEmpty()) {
            return text(errors.get(0).asDocument(), "code");
        }
        if (number(reply, "nErrors") > 0) {
            return text(firstFailed(), "code");
        }
        return text(reply, "writeConcernError.code");
    }

    /** Of the results of a bulkWrite, which are a batch of a cursor. */
    private @Nullable BsonDocument firstFailed() {
        return find(reply, "cursor.firstBatch") instanceof BsonArray results
                ? results.stream()
                        .map(BsonValue::asDocument)
                        .filter(result -> number(result, "ok") == 0)
                        .findFirst()
                        .orElse(null)
                : null;
    }

    /** Documents that were returned or affected, -1 if nothing tells. */
    long rows() {
        if (reply == null || unacknowledged()) {
            return -1;
        }
        if (name.equals("bulkWrite")) {
            return Stream.of("nInserted", "nMatched", "nDeleted", "nUpserted")
                                    .filter(reply::containsKey)
                                    .count()
                            == 0
                    ? -1
                    : Stream.of("nInserted", "nMatched", "nDeleted", "nUpserted")
                            .mapToLong(part -> Math.max(0, number(reply, part)))
                            .sum();
        }
        if (name.equals("findAndModify")) {
            return number(reply.getDocument("lastErrorObject", new BsonDocument()), "n");
        }
        long returned = Math.max(size(find(reply, "cursor.firstBatch")), size(find(reply, "cursor.nextBatch")));
        returned = Math.max(returned, size(reply.get("values")));
        return returned >= 0 || !WRITES.contains(name) ? returned : number(reply, "n");
    }

    /** Documents, statements or operations of the request, -1 if it is not of that kind. */
    long batch() {
        return SEQUENCES.stream()
                .mapToLong(sequence -> size(command.get(sequence)))
                .max()
                .orElse(-1);
    }

    /** Of the cursor that the answer names; null for none, or if it is at its end. */
    @Nullable
    String cursor() {
        String id = text(reply, "cursor.id");
        return "0".equals(id) ? null : id;
    }

    /** The transaction it is part of, or ends. */
    @Nullable
    String transaction() {
        return find(command, "autocommit") == null ? null : find(command, "lsid.id") + " " + text(command, "txnNumber");
    }

    /** Whether its cursor is one whose getMore waits for more to come. */
    boolean opensWaitingCursor() {
        return command.get("tailable") != null && command.get("awaitData") != null
                || command.get("pipeline") instanceof BsonArray stages
                        && !stages.isEmpty()
                        && stages.get(0).asDocument().containsKey("$changeStream");
    }
}
