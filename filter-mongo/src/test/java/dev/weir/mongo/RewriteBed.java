package dev.weir.mongo;

import static dev.weir.mongo.Messages.message;
import static dev.weir.mongo.PackedMessages.document;
import static dev.weir.mongo.PackedMessages.text;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.testkit.FakeConnection;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.FilterTester;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bson.BsonDocument;

/** The filter {@code mongo_rewrite} of a set of three, and a greeting before and after it. */
abstract class RewriteBed {
    static final byte[] BODY = {0};
    static final String HELLO = "{hello: 1, $db: 'admin'}";
    static final String ANSWER = "{helloOk: true, hosts: ['mongo1:27017', 'Mongo2:27017'], passives: ['mongo3:27018'],"
            + " arbiters: ['other:27017'], setName: 'rs', primary: 'mongo1:27017', me: 'MONGO2:27017', lastWrite: {x: [1]},"
            + " topologyVersion: {processId: ObjectId('65a000000000000000000001'), counter: NumberLong(6)}, ok: 1.0}";
    static final String REWRITTEN = "{helloOk: true, hosts: ['127.0.0.1:21', '127.0.0.1:22'], passives: ['weir:23'],"
            + " arbiters: [], setName: 'rs', primary: '127.0.0.1:21', me: '127.0.0.1:22', lastWrite: {x: [1]},"
            + " topologyVersion: {processId: ObjectId('65a000000000000000000001'), counter: NumberLong(6)}, ok: 1.0}";

    final FakeEnvironment environment = new FakeEnvironment();

    NetworkFilter filter(Map<String, ?> config) {
        ConfigErrors errors = new ConfigErrors();
        NetworkFilter filter = new MongoRewriteFactory()
                .configure(ConfigNode.of(config, errors), environment)
                .onLoop(environment)
                .create(new FakeConnection());
        errors.throwIfAny("test");
        return filter;
    }

    static Map<String, String> members() {
        Map<String, String> members = new LinkedHashMap<>();
        members.put("mongo1:27017", "127.0.0.1:21");
        members.put("mongo2", "127.0.0.1:22");
        members.put("mongo3:27018", "weir:23");
        return members;
    }

    FilterTester tester() {
        return FilterTester.of(filter(Map.of("members", members())));
    }

    static String json(String message, int at) {
        return document(message, at).toJson();
    }

    static String json(String text) {
        return BsonDocument.parse(text).toJson();
    }

    int stops(String reason) {
        return (int) environment
                .meters()
                .get("weir_mongo_rewrite_stops")
                .tag("reason", reason)
                .counter()
                .count();
    }
}
