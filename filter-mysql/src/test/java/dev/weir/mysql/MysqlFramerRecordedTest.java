package dev.weir.mysql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.compress.Inflaters;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.protocol.Command;
import dev.weir.core.protocol.CommandGate;
import dev.weir.core.protocol.CommandPolicy;
import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.core.testkit.FakeConnection;
import dev.weir.core.testkit.FilterTester;
import dev.weir.core.testkit.WireScript;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The recorded conversations through the gate: it finds the commands that an independent decoder found (their exchanges are in the
 * recordings), and changes no byte, wherever the bytes are cut.
 */
class MysqlFramerRecordedTest {
    /** Chooses how many of {@code left} bytes come at once. */
    private interface Cuts {
        int next(int left);
    }

    /** One run: what the policy was told, what went on in each direction. */
    private static final class Run {
        final List<String> commands = new ArrayList<>();
        final List<String> users = new ArrayList<>();
        final StringBuilder up = new StringBuilder();
        final StringBuilder down = new StringBuilder();
        CloseReason closed;
        NetworkFilter.Boundary boundary = NetworkFilter.Boundary.UNKNOWN;
    }

    static Stream<WireScript> conversations() {
        return MysqlSnifferTest.recorded().stream();
    }

    private static Run run(WireScript conversation, Cuts client, Cuts server) {
        Run run = new Run();
        CommandPolicy policy = (Command command, long nanos) -> {
            run.commands.add(command.name());
            run.users.add(String.valueOf(command.user()));
            return Decision.ALLOW;
        };
        CommandGate gate =
                new CommandGate(new MysqlProtocol().framer(new FakeConnection(), new Inflaters()), policy, false);
        try (FilterTester tester = FilterTester.of(gate)) {
            for (WireScript.Burst burst : conversation.bursts()) {
                boolean up = burst.direction() == Direction.TO_UPSTREAM;
                String bytes = new String(burst.bytes(), StandardCharsets.ISO_8859_1);
                for (int at = 0; at < bytes.length() && tester.closeReason() == null; ) {
                    int n = Math.max(
                            1, Math.min(bytes.length() - at, (up ? client : server).next(bytes.length() - at)));
                    if (up) {
                        tester.client(bytes.substring(at, at + n));
                    } else {
                        tester.upstream(bytes.substring(at, at + n));
                    }
                    at += n;
                    run.up.append(tester.toUpstream());
                    run.down.append(tester.toClient());
                }
            }
            run.closed = tester.closeReason();
            run.boundary = gate.boundary();
        }
        return run;
    }

    private static String all(WireScript conversation, Direction direction) {
        StringBuilder all = new StringBuilder();
        conversation.bursts().stream()
                .filter(burst -> burst.direction() == direction)
                .forEach(burst -> all.append(new String(burst.bytes(), StandardCharsets.ISO_8859_1)));
        return all.toString();
    }

    private static void check(WireScript conversation, Run run) {
        List<String> commands = conversation.expected().stream()
                .map(WireScript.Expected::command)
                .filter(name -> !name.equals("LOGIN"))
                .sorted()
                .toList();
        if (!conversation.outcome().isEmpty()) {
            assertThat(run.closed).isEqualTo(CloseReason.FILTER);
            assertThat(run.commands.stream().sorted().toList()).isEqualTo(commands);
            return;
        }
        assertThat(run.closed).isNull();
        assertThat(run.commands.stream().sorted().toList()).isEqualTo(commands);
        assertThat(run.up).hasToString(all(conversation, Direction.TO_UPSTREAM));
        assertThat(run.down).hasToString(all(conversation, Direction.TO_CLIENT));
        boolean answered = conversation.expected().stream()
                .noneMatch(exchange -> "no_reply".equals(exchange.fields().get("status"))
                        && !exchange.command().matches("COM_QUIT|COM_STMT_CLOSE|COM_STMT_SEND_LONG_DATA"));
        assertThat(run.boundary).isEqualTo(answered ? NetworkFilter.Boundary.IDLE : NetworkFilter.Boundary.BUSY);
        List<String> users = conversation.expected().stream()
                .filter(exchange -> exchange.command().matches("LOGIN|COM_CHANGE_USER"))
                .map(exchange -> exchange.fields().getOrDefault("user", "-"))
                .toList();
        assertThat(run.users).allSatisfy(user -> assertThat(users).contains(user));
    }

    /** Bytes one by one, as far as that takes no minutes. */
    private static Cuts fine(WireScript conversation) {
        int size = conversation.bursts().stream()
                .mapToInt(burst -> burst.bytes().length)
                .sum();
        Random random = new Random(size);
        return size <= 3_000 ? left -> 1 : left -> 1 + random.nextInt(1 + size / 1_000);
    }

    /** Where a server is asked several things at a time; it must not be heard answering what the gate still holds. */
    private static boolean pipelines(WireScript conversation) {
        return conversation.name().matches("(mariadbj|pipeline|tls).*");
    }

    @ParameterizedTest
    @MethodSource("conversations")
    void findsTheCommandsWhereverTheBytesAreCut(WireScript conversation) {
        Cuts whole = left -> left;
        Random random = new Random(5);
        Cuts server = pipelines(conversation) ? left -> 1 : left -> 1 + random.nextInt(left);

        check(conversation, run(conversation, fine(conversation), pipelines(conversation) ? left -> 1 : whole));
        check(conversation, run(conversation, whole, pipelines(conversation) ? left -> 1 : fine(conversation)));
        check(conversation, run(conversation, left -> 1 + random.nextInt(left), server));
    }
}
