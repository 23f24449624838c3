package dev.weir.testbeds.bench;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bson.BsonDocument;
import org.bson.BsonString;

/**
 * Kinds of work: a request as the Java driver 5 writes it to a member of a replica set, and the answer of a MongoDB 8.
 * Their ids are 0: who sends them puts in its own.
 */
enum MongoWork {
    /** One document of 200 bytes by its {@code _id}. */
    FIND_ONE("find"),
    /** A batch of 100 of these documents, more to come. */
    FIND_100("find"),
    /** The next 100 of them. */
    GET_MORE("getMore"),
    /** A thousand documents of 1 KB each. */
    INSERT_1000("insert"),
    /** One document by its {@code _id}. */
    UPDATE_ONE("update");

    /** The cursor of {@link #FIND_100} and {@link #GET_MORE}. */
    static final long CURSOR = 3_914_527_790_134_428_673L;

    private static final int DOCUMENT = 200;
    private static final int LARGE_DOCUMENT = 1_000;
    private static final String CLUSTER_TIME = """
            $clusterTime: {clusterTime: {$timestamp: {t: 1763719200, i: 17}}, signature: {
                hash: {$binary: {base64: "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", subType: "00"}}, keyId: {$numberLong: "0"}}}""";
    private static final String SESSION = "$db: \"shop\", " + CLUSTER_TIME
            + ", lsid: {id: {$binary: {base64: \"c//SZESzTGmQ6OfR38A11A==\", subType: \"04\"}}}";
    private static final String READ = SESSION + ", $readPreference: {mode: \"primaryPreferred\"}}";
    private static final String TIMES =
            "ok: 1.0, " + CLUSTER_TIME + ", operationTime: {$timestamp: {t: 1763719200, i: 17}}}";
    private static final String WRITTEN = """
            electionId: {$oid: "7fffffff0000000000000001"},
            opTime: {ts: {$timestamp: {t: 1763719200, i: 17}}, t: {$numberLong: "1"}},""";

    /** The command's name as the server spells it. */
    final String command;

    MongoWork(String command) {
        this.command = command;
    }

    /** All bytes of the request. */
    byte[] request() {
        return switch (this) {
            case FIND_ONE -> findBy("_id");
            case FIND_100 ->
                MongoMessages.message("{find: \"lines\", filter: {status: \"open\", total: {$gt: 100}}, "
                        + "sort: {placed: -1}, batchSize: 100, " + READ);
            case GET_MORE ->
                MongoMessages.message(
                        "{getMore: {$numberLong: \"" + CURSOR + "\"}, collection: \"lines\", batchSize: 100, " + READ);
            case INSERT_1000 ->
                MongoMessages.message(
                        BsonDocument.parse("{insert: \"orders\", ordered: true, txnNumber: {$numberLong: \"1\"}, "
                                + SESSION + "}"),
                        "documents",
                        documents(1_000, LARGE_DOCUMENT));
            case UPDATE_ONE ->
                MongoMessages.message(
                        BsonDocument.parse("{update: \"orders\", ordered: true, txnNumber: {$numberLong: \"1\"}, "
                                + SESSION + "}"),
                        "updates",
                        List.of(BsonDocument.parse("{q: {_id: {$oid: \"655f1c2e9b1e8a0001000000\"}}, "
                                + "u: {$set: {status: \"sent\"}, $inc: {version: 1}}}")));
        };
    }

    /** The small find with the document's id in another field. */
    static byte[] findBy(String field) {
        return MongoMessages.message("{find: \"orders\", filter: {" + field
                + ": {$oid: \"655f1c2e9b1e8a0001000000\"}}, limit: 1, singleBatch: true, " + READ);
    }

    /** All bytes of the answer. */
    byte[] answer() {
        return MongoMessages.message(
                switch (this) {
                    case FIND_ONE ->
                        "{cursor: {firstBatch: [" + listed(1) + "], id: {$numberLong: \"0\"}, ns: \"shop.orders\"}, "
                                + TIMES;
                    case FIND_100 ->
                        "{cursor: {firstBatch: [" + listed(100) + "], id: {$numberLong: \"" + CURSOR
                                + "\"}, ns: \"shop.lines\"}, " + TIMES;
                    case GET_MORE ->
                        "{cursor: {nextBatch: [" + listed(100) + "], id: {$numberLong: \"" + CURSOR
                                + "\"}, ns: \"shop.lines\"}, " + TIMES;
                    case INSERT_1000 -> "{n: 1000, " + WRITTEN + TIMES;
                    case UPDATE_ONE -> "{n: 1, " + WRITTEN + "nModified: 1, " + TIMES;
                });
    }

    /** What a connection begins with. */
    static byte[] hello() {
        return MongoMessages.query("""
                {isMaster: 1, helloOk: true, backpressure: "2", client: {application: {name: "bench"},
                 driver: {name: "mongo-java-driver|sync", version: "5.14.0"},
                 os: {type: "Linux", name: "Linux", architecture: "amd64", version: "6.18"},
                 platform: "Java/Debian/17.0.15"}}""");
    }

    /** The answer to {@link #hello}: the fields of a primary. */
    static String helloAnswer(String address) {
        return """
                {helloOk: true, ismaster: true, setName: "rs0", setVersion: 1, secondary: false, hosts: ["ADDRESS"], primary: "ADDRESS",
                 me: "ADDRESS", electionId: {$oid: "7fffffff0000000000000001"},
                 lastWrite: {opTime: {ts: {$timestamp: {t: 1763719200, i: 17}}, t: {$numberLong: "1"}},
                  lastWriteDate: {$date: "2025-11-21T10:00:00Z"}, majorityOpTime: {ts: {$timestamp: {t: 1763719200, i: 17}},
                  t: {$numberLong: "1"}}, majorityWriteDate: {$date: "2025-11-21T10:00:00Z"}},
                 maxBsonObjectSize: 16777216, maxMessageSizeBytes: 48000000, maxWriteBatchSize: 100000,
                 localTime: {$date: "2025-11-21T10:00:00Z"}, logicalSessionTimeoutMinutes: 30, connectionId: 7,
                 minWireVersion: 0, maxWireVersion: 25, readOnly: false,""".replace("ADDRESS", address) + TIMES;
    }

    /** The answer to a command that does nothing here. */
    static String okAnswer() {
        return "{" + TIMES;
    }

    private static String listed(int count) {
        return documents(count, DOCUMENT).stream().map(BsonDocument::toJson).collect(Collectors.joining(","));
    }

    /** Orders of exactly that many bytes each. */
    static List<BsonDocument> documents(int count, int bytes) {
        return IntStream.range(0, count).mapToObj(i -> document(i, bytes)).toList();
    }

    private static BsonDocument document(int number, int bytes) {
        BsonDocument document = BsonDocument.parse(String.format(Locale.ROOT, """
                {_id: {$oid: "655f1c2e9b1e8a0001%06x"}, customer: %d, status: "open", total: 129.95,
                 placed: {$date: "2025-11-21T10:00:00Z"}, lines: [{sku: "A-1001", n: 2}], note: ""}""", number, 10_000 + number));
        int missing = bytes - MongoMessages.bson(document).length;
        return document.append("note", new BsonString("x".repeat(missing)));
    }
}
