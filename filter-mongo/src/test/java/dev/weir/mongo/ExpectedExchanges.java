package dev.weir.mongo;

import dev.weir.mongo.WireTap.Noted;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.bson.BsonArray;
import org.bson.BsonDocument;
import org.bson.BsonValue;
import org.jspecify.annotations.Nullable;

/** What exchanges have to say by what a driver told and what the tap noted; of each connection, in order. */
final class ExpectedExchanges {
    /** Fields that are compared; what is not there has to be absent. */
    static final Set<String> FIELDS = Set.of(
            "command",
            "namespace",
            "target",
            "status",
            "error",
            "rows",
            "batch",
            "wait",
            "trace",
            "request_bytes",
            "response_bytes",
            "code_name",
            "write_errors",
            "write_concern_error",
            "error_labels",
            "cursor_of",
            "read_preference",
            "read_concern",
            "write_concern",
            "scatter",
            "multi_get",
            "no_max_time",
            "call_site",
            "in_transaction",
            "transaction",
            "modified",
            "upserted",
            "compressor");

    private static final Set<String> QUERIES = Set.of("find", "aggregate", "count", "distinct");

    /** Commands whose value is a collection. */
    private static final Set<String> OF_COLLECTION = Set.of(
            "find",
            "insert",
            "update",
            "delete",
            "aggregate",
            "findAndModify",
            "count",
            "distinct",
            "drop",
            "create",
            "createIndexes",
            "listIndexes",
            "dropIndexes",
            "collStats",
            "killCursors");

    private final WireTap tap;
    private final @Nullable String compressor;
    private final Map<Integer, List<Map<String, String>>> all = new TreeMap<>();
    private final Map<String, SeenCommand> cursors = new HashMap<>();
    private final Map<String, Integer> statements = new HashMap<>();
    private int port;
    private int asked;
    private boolean packed;
    private @Nullable Noted answered;

    ExpectedExchanges(WireTap tap, @Nullable String compressor) {
        this.tap = tap;
        this.compressor = compressor;
    }

    /** By client port, without the log-in of the connections. */
    Map<Integer, List<Map<String, String>>> of(List<SeenCommand> commands) {
        for (SeenCommand seen : commands) {
            Map<String, String> fields = new TreeMap<>();
            bytes(seen, fields);
            about(seen, fields);
            outcome(seen, fields);
            comment(seen, fields);
            cursor(seen, fields);
            transaction(seen, fields);
            all.computeIfAbsent(port, none -> new ArrayList<>()).add(fields);
        }
        return all;
    }

    private static void put(Map<String, String> fields, String name, @Nullable String value) {
        if (value != null) {
            fields.put(name, value);
        }
    }

    private static void put(Map<String, String> fields, String name, long value) {
        if (value >= 0) {
            fields.put(name, Long.toString(value));
        }
    }

    /** The answers of a stream name the one before them, or the request again. */
    private void bytes(SeenCommand seen, Map<String, String> fields) {
        if (seen.requestId() != 0) {
            port = tap.portOf(seen.requestId());
            asked = seen.requestId();
            Noted request = noted(0, note -> note.request() && note.requestId() == asked);
            put(fields, "request_bytes", request.length());
            packed = request.opcode() == Wire.OP_COMPRESSED;
            answered = null;
        }
        put(fields, "compressor", packed ? compressor : null);
        if (!seen.unacknowledged()) {
            Noted before = answered;
            int from = before == null ? 0 : notes().indexOf(before) + 1;
            answered = noted(
                    from,
                    note -> !note.request()
                            && (note.responseTo() == asked
                                    || before != null && note.responseTo() == before.requestId()));
            put(fields, "response_bytes", answered.length());
        }
    }

    private List<Noted> notes() {
        return Objects.requireNonNull(tap.connections().get(port));
    }

    private Noted noted(int from, Predicate<Noted> which) {
        return notes().stream()
                .skip(from)
                .filter(which)
                .findFirst()
                .orElseThrow(() -> new AssertionError("no message of " + asked + " (expected: one was seen)"));
    }

    private static void about(SeenCommand seen, Map<String, String> fields) {
        BsonDocument inner = seen.inner();
        fields.put("command", seen.label());
        fields.put("namespace", seen.name().equals("bulkWrite") ? "shop" : seen.database());
        put(fields, "target", target(seen.name(), inner));
        put(fields, "batch", seen.batch());
        put(fields, "read_preference", SeenCommand.text(seen.command(), "$readPreference.mode"));
        put(fields, "read_concern", SeenCommand.text(inner, "readConcern.level"));
        put(fields, "write_concern", SeenCommand.text(seen.command(), "writeConcern.w"));
        if (QUERIES.contains(seen.name()) && !inner.containsKey("maxTimeMS")) {
            fields.put("no_max_time", "true");
        }
        if (seen.name().equals("find")) {
            BsonDocument filter = inner.getDocument("filter", new BsonDocument());
            put(fields, "scatter", filter.containsKey("_id") ? null : "true");
            put(fields, "multi_get", SeenCommand.find(filter, "_id.$in") == null ? null : "true");
        }
    }

    private static @Nullable String target(String name, BsonDocument command) {
        if (name.equals("getMore")) {
            return SeenCommand.text(command, "collection");
        }
        if (name.equals("bulkWrite")) {
            return command.getArray("nsInfo").stream()
                    .map(info -> info.asDocument().getString("ns").getValue().replace("shop.", ""))
                    .limit(8)
                    .collect(Collectors.joining(", "));
        }
        if (command.isEmpty() || !OF_COLLECTION.contains(command.getFirstKey())) {
            return null;
        }
        BsonValue first = command.get(command.getFirstKey());
        StringBuilder target =
                new StringBuilder(first.isString() ? first.asString().getValue() : "");
        for (BsonValue stage : command.getArray("pipeline", new BsonArray())) {
            String other = SeenCommand.text(stage.asDocument(), "$lookup.from");
            other = other == null ? SeenCommand.text(stage.asDocument(), "$out") : other;
            target.append(other == null ? "" : ", " + other);
        }
        return target.isEmpty() ? null : target.toString();
    }

    private static void outcome(SeenCommand seen, Map<String, String> fields) {
        String error = seen.error();
        fields.put("status", seen.unacknowledged() ? "no_reply" : error == null ? "ok" : "error");
        put(fields, "error", error);
        put(fields, "rows", seen.rows());
        if (seen.unacknowledged()) {
            return;
        }
        put(fields, "code_name", SeenCommand.text(seen.reply(), "codeName"));
        put(fields, "write_errors", SeenCommand.size(SeenCommand.find(seen.reply(), "writeErrors")));
        put(fields, "write_errors", SeenCommand.text(seen.reply(), "nErrors"));
        fields.remove("write_errors", "0");
        put(fields, "write_concern_error", SeenCommand.text(seen.reply(), "writeConcernError.code"));
        if (SeenCommand.find(seen.reply(), "errorLabels") instanceof BsonArray labels) {
            fields.put(
                    "error_labels",
                    labels.stream().map(label -> label.asString().getValue()).collect(Collectors.joining(",")));
        }
        put(fields, "modified", SeenCommand.text(seen.reply(), "nModified"));
        put(fields, "upserted", SeenCommand.size(SeenCommand.find(seen.reply(), "upserted")));
        put(fields, "upserted", SeenCommand.text(seen.reply(), "nUpserted"));
        fields.remove("upserted", "0");
    }

    private static void comment(SeenCommand seen, Map<String, String> fields) {
        BsonValue comment = seen.inner().get("comment");
        if (comment == null || comment.isNull()) {
            return;
        }
        BsonDocument told = comment.isDocument() ? comment.asDocument() : null;
        String text = comment.isString() ? comment.asString().getValue() : "";
        if (text.startsWith("{")) {
            told = BsonDocument.parse(text);
        }
        String trace = text.equals(MongoSessions.TRACEPARENT) ? text : SeenCommand.text(told, "traceparent");
        put(fields, "trace", trace == null ? null : trace.substring(3, 35));
        String site = told == null && trace == null ? text : SeenCommand.text(told, "callingFunction");
        put(fields, "call_site", site);
    }

    private void cursor(SeenCommand seen, Map<String, String> fields) {
        SeenCommand origin = seen;
        if (seen.name().equals("getMore")) {
            origin = cursors.get(SeenCommand.text(seen.command(), "getMore"));
            put(fields, "cursor_of", origin == null ? null : origin.name());
            boolean waits = seen.requestId() == 0 || origin != null && origin.opensWaitingCursor();
            put(fields, "wait", waits ? "true" : null);
        }
        if (seen.cursor() != null && origin != null) {
            cursors.put(seen.cursor(), origin);
        }
    }

    private void transaction(SeenCommand seen, Map<String, String> fields) {
        String transaction = seen.transaction();
        if (transaction == null) {
            return;
        }
        if (seen.name().equals("commitTransaction") || seen.name().equals("abortTransaction")) {
            fields.put("transaction", seen.name().replace("Transaction", ""));
            fields.put("batch", String.valueOf(statements.getOrDefault(transaction, 0)));
        } else {
            fields.put("in_transaction", "true");
            statements.merge(transaction, 1, Integer::sum);
        }
    }
}
