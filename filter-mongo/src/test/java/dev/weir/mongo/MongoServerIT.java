package dev.weir.mongo;

import static org.assertj.core.api.Assertions.assertThat;

import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoCollection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bson.BsonDocument;
import org.bson.BsonInt32;
import org.bson.BsonString;
import org.bson.Document;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The servers of the other tests are what these expect. */
final class MongoServerIT {
    static List<MongoInstallation> servers() {
        return MongoInstallation.available();
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("servers")
    void secantusIsAPrimaryThatSpeaksAsMongo82(MongoInstallation installation) throws Exception {
        BsonDocument hello;
        try (SecantusServer server = SecantusServer.start(installation);
                WireClient client = new WireClient(server.port())) {
            hello = client.ask(command("hello"));
        }

        assertThat(hello.getInt32("maxWireVersion").getValue()).isEqualTo(27);
        assertThat(hello.getBoolean("isWritablePrimary").getValue()).isTrue();
        assertThat(hello.getString("setName").getValue()).isEqualTo("secantus");
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("servers")
    void twoOfThemKnowNothingOfEachOther(MongoInstallation installation) throws Exception {
        try (SecantusServer one = SecantusServer.start(installation);
                SecantusServer other = SecantusServer.start(installation, "--standalone")) {
            long there = insert(one.uri());
            long empty = count(other.uri());

            assertThat(there).isEqualTo(1);
            assertThat(empty).isZero();
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("servers")
    void nothingOfAClosedOneIsLeft(MongoInstallation installation) throws Exception {
        SecantusServer server = SecantusServer.start(installation);
        Path folder = server.folder();
        boolean there = Files.isDirectory(folder.resolve("data"));
        long pid;
        try (WireClient client = new WireClient(server.port())) {
            pid = client.ask(command("serverStatus")).getNumber("pid").longValue();
        }

        server.close();

        assertThat(ProcessHandle.of(pid).filter(ProcessHandle::isAlive)).isEmpty();
        assertThat(there).isTrue();
        assertThat(folder).doesNotExist();
    }

    @Test
    void theOneInJavaStoresAndFinds() {
        try (JavaServer server = new JavaServer()) {
            long there = insert(server.uri());

            assertThat(there).isEqualTo(1);
        }
    }

    private static BsonDocument command(String name) {
        return new BsonDocument(name, new BsonInt32(1)).append("$db", new BsonString("admin"));
    }

    private static long insert(String uri) {
        try (MongoClient client = MongoClients.create(uri)) {
            MongoCollection<Document> collection = client.getDatabase("shop").getCollection("orders");
            collection.insertOne(new Document("a", 1));
            return collection.countDocuments();
        }
    }

    private static long count(String uri) {
        try (MongoClient client = MongoClients.create(uri)) {
            return client.getDatabase("shop").getCollection("orders").countDocuments();
        }
    }
}
