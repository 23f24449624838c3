package dev.weir.mongo;

import static org.assertj.core.api.Assertions.assertThat;

import com.mongodb.ConnectionString;
import com.mongodb.MongoClientSettings;
import com.mongodb.ReadPreference;
import com.mongodb.client.ClientSession;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoCollection;
import com.mongodb.connection.ServerDescription;
import com.mongodb.event.ServerHeartbeatSucceededEvent;
import com.mongodb.event.ServerMonitorListener;
import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.bson.Document;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Drivers with the URI of a replica set stay with the proxy. */
final class MongoRewriteIT {
    private static final long PATIENCE_SECONDS = 60;
    private static final String PYTHON = """
            import sys, threading, pymongo
            from pymongo import monitoring
            awaited = threading.Semaphore(0)
            failures = []
            class Heartbeats(monitoring.ServerHeartbeatListener):
                def started(self, event): pass
                def failed(self, event): failures.append(event.reply)
                def succeeded(self, event):
                    if event.awaited: awaited.release()
            client = pymongo.MongoClient(sys.argv[1], heartbeatFrequencyMS=500, event_listeners=[Heartbeats()])
            orders = client.shop.orders
            orders.insert_many([{"_id": i} for i in range(300)])
            orders.update_one({"_id": 1}, {"$set": {"a": 1}})
            orders.delete_one({"_id": 2})
            found = len(list(orders.find(batch_size=50)))
            for i in range(3):
                assert awaited.acquire(timeout=60), "no heartbeat"
            orders.insert_one({"_id": 1000})
            print("found", found, orders.count_documents({}))
            print("failures", failures)
            print("nodes", sorted(client.nodes))
            print("primary", client.primary)
            print("status", [m["name"] for m in client.admin.command("replSetGetStatus")["members"]])
            """;

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

    static List<MongoInstallation> servers() {
        return MongoInstallation.available();
    }

    private double count(String name) {
        return meters.find(name).counters().stream().mapToDouble(Counter::count).sum();
    }

    /** Listeners for servers by name, each on a port of its own, which {@code members} tells. */
    private ProxyConfig config(Map<String, Integer> servers, Map<String, String> members) {
        List<Object> listeners = new ArrayList<>();
        List<Object> clusters = new ArrayList<>();
        servers.forEach((name, port) -> {
            List<Map<String, ?>> filters = new ArrayList<>();
            if (!members.isEmpty()) {
                filters.add(Map.of("type", "mongo_rewrite", "members", members));
            }
            filters.add(Map.of("type", "tcp_proxy", "cluster", name));
            listeners.add(Map.of("name", name, "address", "127.0.0.1:0", "filters", filters));
            clusters.add(Map.of("name", name, "endpoints", List.of("127.0.0.1:" + port)));
        });
        return ProxyConfig.of(Map.of("event_loops", 1, "listeners", listeners, "clusters", clusters));
    }

    /** A proxy that rewrites to its own ports, which are known only when it listens. */
    private Proxy proxy(Map<String, Integer> servers) {
        Proxy proxy = Proxy.builder().meters(meters).start(config(servers, Map.of()));
        Map<String, String> members = new HashMap<>();
        servers.keySet().forEach(name -> members.put(name, address(proxy, name)));
        proxy.apply(config(servers, members));
        assertThat(servers.keySet())
                .allSatisfy(name -> assertThat(address(proxy, name)).isEqualTo(members.get(name)));
        return proxy;
    }

    private static String address(Proxy proxy, String listener) {
        return "127.0.0.1:" + proxy.address(listener).port();
    }

    private static MongoClient client(String uri, CountDownLatch awaited) {
        return MongoClients.create(MongoClientSettings.builder()
                .applyConnectionString(new ConnectionString(uri))
                .applyToServerSettings(server -> server.heartbeatFrequency(500, TimeUnit.MILLISECONDS)
                        .addServerMonitorListener(new ServerMonitorListener() {
                            @Override
                            public void serverHeartbeatSucceeded(ServerHeartbeatSucceededEvent event) {
                                if (event.isAwaited()) {
                                    awaited.countDown();
                                }
                            }
                        }))
                .applyToClusterSettings(cluster -> cluster.serverSelectionTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS))
                .build());
    }

    private static Set<String> addresses(MongoClient client) {
        Set<String> addresses = new TreeSet<>();
        for (ServerDescription server : client.getClusterDescription().getServerDescriptions()) {
            addresses.add(server.getAddress().toString());
        }
        return addresses;
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("servers")
    void theDriverForJavaStays(MongoInstallation installation) throws Exception {
        CountDownLatch awaited = new CountDownLatch(3);
        try (SecantusServer server = SecantusServer.start(installation)) {
            String name = "127.0.0.1:" + server.port();
            try (Proxy proxy = proxy(Map.of(name, server.port()));
                    MongoClient client =
                            client("mongodb://" + address(proxy, name) + "/?replicaSet=secantus", awaited)) {
                MongoCollection<Document> orders = client.getDatabase("shop").getCollection("orders");
                orders.insertMany(IntStream.range(0, 300)
                        .mapToObj(i -> new Document("_id", i))
                        .toList());
                List<Document> found = orders.find().batchSize(50).into(new ArrayList<>());
                transaction(client, orders);
                // Answers of a stream of hellos, one after the other.
                assertThat(awaited.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
                orders.deleteOne(new Document("_id", 1));

                assertThat(found).hasSize(300);
                assertThat(orders.countDocuments()).isEqualTo(300);
                assertThat(addresses(client)).containsExactly(address(proxy, name));
                assertThat(proxy.listeners().get(0).connectionsActive()).isGreaterThanOrEqualTo(2);
                assertThat(count("weir_mongo_rewritten")).isGreaterThanOrEqualTo(4);
                assertThat(count("weir_mongo_rewrite_stops")).isZero();
            }
        }
    }

    private static void transaction(MongoClient client, MongoCollection<Document> orders) {
        try (ClientSession session = client.startSession()) {
            session.startTransaction();
            orders.insertOne(session, new Document("_id", 500));
            session.commitTransaction();
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("servers")
    void withoutRewritingTheDriverForJavaLeaves(MongoInstallation installation) throws Exception {
        try (SecantusServer server = SecantusServer.start(installation)) {
            String name = "127.0.0.1:" + server.port();
            try (Proxy proxy = Proxy.builder().start(config(Map.of(name, server.port()), Map.of()));
                    MongoClient client = client(
                            "mongodb://" + address(proxy, name) + "/?replicaSet=secantus", new CountDownLatch(0))) {
                client.getDatabase("shop").getCollection("orders").insertOne(new Document("_id", 1));

                assertThat(addresses(client)).containsExactly(name);
            }
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("servers")
    void pyMongoStays(MongoInstallation installation) throws Exception {
        try (SecantusServer server = SecantusServer.start(installation)) {
            String name = "127.0.0.1:" + server.port();
            try (Proxy proxy = proxy(Map.of(name, server.port()))) {
                int port = proxy.address(name).port();

                String said = python(installation, "mongodb://127.0.0.1:" + port + "/?replicaSet=secantus");

                assertThat(said)
                        .isEqualToNormalizingNewlines("found 299 300\n"
                                + "failures []\n"
                                + "nodes [('127.0.0.1', " + port + ")]\n"
                                + "primary ('127.0.0.1', " + port + ")\n"
                                + "status ['127.0.0.1:" + port + "']\n");
                assertThat(count("weir_mongo_rewrite_stops")).isZero();
            }
        }
    }

    private static String python(MongoInstallation installation, String uri) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(installation.python().toString(), "-c", PYTHON, uri)
                .redirectErrorStream(true)
                .start();
        try {
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS))
                    .as(said)
                    .isTrue();
            return said;
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void aSetOfSeveralMembersIsFollowedThroughTheirListeners() throws Exception {
        List<String> names = List.of("mongo1.internal:27017", "mongo2.internal:27017", "mongo3.internal:27017");
        List<String> all = new ArrayList<>(names);
        all.add("hidden.internal:27017");
        FakeMember.Set set = new FakeMember.Set(all, new AtomicReference<>(names.get(0)));
        try (FakeMember one = new FakeMember(set, names.get(0));
                FakeMember two = new FakeMember(set, names.get(1));
                FakeMember three = new FakeMember(set, names.get(2));
                Proxy proxy =
                        proxy(Map.of(names.get(0), one.port(), names.get(1), two.port(), names.get(2), three.port()));
                MongoClient client = client(
                        "mongodb://" + address(proxy, names.get(1)) + "/?replicaSet=played", new CountDownLatch(0))) {
            MongoCollection<Document> orders = client.getDatabase("shop").getCollection("orders");
            orders.insertOne(new Document("_id", 1));
            List<String> first = one.commands();
            // The old one refuses, and the driver finds the new one by what the members say.
            set.primary().set(names.get(2));
            orders.insertOne(new Document("_id", 2));
            Document read =
                    orders.withReadPreference(ReadPreference.secondary()).find().first();

            assertThat(addresses(client))
                    .containsExactlyInAnyOrderElementsOf(
                            names.stream().map(name -> address(proxy, name)).toList());
            assertThat(first).containsExactly("insert");
            assertThat(three.commands()).containsExactly("insert");
            assertThat(read).isNotNull();
            assertThat(names.subList(0, 2)).contains(read.getString("from"));
            assertThat(count("weir_mongo_unknown_members")).isPositive();
            assertThat(count("weir_mongo_rewrite_stops")).isZero();
        }
    }
}
