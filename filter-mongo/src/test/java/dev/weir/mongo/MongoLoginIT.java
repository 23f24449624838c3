package dev.weir.mongo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.testkit.RecordingExchanges;
import dev.weir.mongo.MongoDriver.Told;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bson.BsonBinary;
import org.bson.BsonDocument;
import org.bson.BsonValue;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Drivers that log in with SCRAM: who they are is seen, nothing of how they prove it. */
final class MongoLoginIT {
    private static final String PASSWORD = "throw-away";
    private static final Set<String> LOG_IN = Set.of("hello", "isMaster", "saslStart", "saslContinue");

    static Stream<Arguments> drivers() {
        return MongoInstallation.available().stream()
                .flatMap(installation -> Stream.of(MongoDriver.values())
                        .flatMap(driver -> Stream.of("SCRAM-SHA-256", "")
                                .map(mechanism -> Arguments.of(installation, driver, mechanism))));
    }

    /** Notes what is said while somebody logs in. */
    private static final class Notes implements MessageRelay.Link {
        private final Queue<String> secrets;

        Notes(Queue<String> secrets) {
            this.secrets = secrets;
        }

        @Override
        public void request(RelayMessage message, OutputStream server) throws IOException {
            note(message);
            message.write(server);
        }

        @Override
        public void answer(RelayMessage message, OutputStream client) throws IOException {
            note(message);
            message.write(client);
        }

        private void note(RelayMessage message) {
            BsonDocument document = message.document();
            if (document != null) {
                payload(document.get("payload"));
                payload(SeenCommand.find(document, "speculativeAuthenticate.payload"));
            }
        }

        /** All of it, and its parts: nonces, salts, proofs. */
        private void payload(@Nullable BsonValue value) {
            if (value instanceof BsonBinary payload && payload.getData().length > 0) {
                String text = new String(payload.getData(), StandardCharsets.UTF_8);
                secrets.add(Base64.getEncoder().encodeToString(payload.getData()));
                for (String part : text.split(",", -1)) {
                    if (part.length() > 12) {
                        secrets.add(part.substring(2));
                    }
                }
            }
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("drivers")
    void tellsWhoButNotHow(MongoInstallation installation, MongoDriver driver, String mechanism) throws Exception {
        Queue<String> secrets = new ConcurrentLinkedQueue<>();
        MongoSetup setup = new MongoSetup(driver, installation, null, null);
        try (SecantusServer server = SecantusServer.start(installation);
                MongoWay way = new MongoWay(setup, server.port(), Map.of("statements", true, "error_messages", true));
                MessageRelay notes = new MessageRelay(way.tap().port(), localPort -> new Notes(secrets))) {
            try (WireClient client = new WireClient(server.port())) {
                client.ask(BsonDocument.parse(
                        "{createUser: 'app', pwd: '" + PASSWORD + "', roles: ['root'], $db: 'admin'}"));
            }
            String uri = setup.uri(notes.port()).replace("mongodb://", "mongodb://app:" + PASSWORD + "@")
                    + "&authSource=admin" + (mechanism.isEmpty() ? "" : "&authMechanism=" + mechanism);

            Told told = driver.run(uri, List.of("crud", "passwords"));
            way.awaitNoConnection();

            way.assertNothingStopped();
            assertThat(secrets).hasSizeGreaterThan(3);
            List<Exchange> commands = way.exchanges().stream()
                    .filter(e -> !LOG_IN.contains(e.operation().name()))
                    .toList();
            assertThat(commands)
                    .extracting(e -> e.operation().name())
                    .containsExactlyElementsOf(told.commands().stream()
                            .filter(seen -> !LOG_IN.contains(seen.name()))
                            .map(SeenCommand::label)
                            .toList());
            assertThat(way.exchanges()).anyMatch(e -> e.operation().name().startsWith("sasl"));
            // Named where the client lets the server choose how; else it is a part of what is not read.
            assertThat(commands).allSatisfy(e -> assertThat(e.user).isEqualTo(mechanism.isEmpty() ? "app" : null));
            assertShowsNone(way, secrets);
        }
    }

    private static void assertShowsNone(MongoWay way, Queue<String> secrets) {
        List<String> all = new ArrayList<>();
        way.exchanges().forEach(e -> all.add(RecordingExchanges.fields(e).toString()));
        way.proxy()
                .exchanges()
                .digestUsage()
                .forEach(usage -> all.add(usage.row().statement().text()));
        String shown = all.stream().collect(Collectors.joining("\n"));
        assertThat(shown).contains("find").doesNotContain(PASSWORD);
        secrets.forEach(secret -> assertThat(shown).doesNotContain(secret));
    }
}
