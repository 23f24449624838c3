package dev.weir.mysql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.builtin.AccessFactory;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.CommandGate;
import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.core.testkit.FakeConnection;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.FilterTester;
import dev.weir.core.testkit.WireScript;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntPredicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Recorded conversations of which commands are refused, each in turn: the client gets one error for each, at its place; all else goes
 * on, both ways, byte for byte.
 */
class MysqlAccessTest {
    private static final String MESSAGE = "this command is not allowed here";

    /** Of all runs, as that of an event loop. */
    private static final FakeEnvironment ENVIRONMENT = new FakeEnvironment();

    private static final Map<String, PerLoop.PerConnection<NetworkFilter>> ACCESS = new HashMap<>();

    @BeforeAll
    static void knowMysql() {
        ENVIRONMENT.add(new MysqlProtocol());
    }

    /** Those of one kind of server, and of the other those that it alone has. */
    private static Stream<WireScript> conversations(String server, String other) {
        List<WireScript> all = MysqlSnifferTest.recorded().stream()
                .filter(script -> script.outcome().isEmpty())
                .toList();
        List<String> names = all.stream().map(WireScript::name).toList();
        return all.stream()
                .filter(script -> script.name().endsWith(server)
                        || script.name().endsWith(other)
                                && !names.contains(script.name().replace(other, server)));
    }

    static Stream<WireScript> ofMysqlFirst() {
        return conversations("-mysql97", "-mariadb114");
    }

    static Stream<WireScript> ofMariadbFirst() {
        return conversations("-mariadb114", "-mysql97");
    }

    private static NetworkFilter access(String command) {
        return ACCESS.computeIfAbsent(command, MysqlAccessTest::denying).create(new FakeConnection());
    }

    private static PerLoop.PerConnection<NetworkFilter> denying(String command) {
        ConfigErrors errors = new ConfigErrors();
        Map<String, ?> rule = Map.of("action", "deny", "commands", command);
        ConfigNode config = ConfigNode.of(Map.of("protocol", "mysql", "rules", List.of(rule)), errors);
        PerLoop<NetworkFilter> configured = new AccessFactory().configure(config, ENVIRONMENT);
        errors.throwIfAny("test");
        return configured.onLoop(ENVIRONMENT);
    }

    /** As {@code access}, but by the numbers of commands. */
    private static NetworkFilter denying(IntPredicate denied, List<String> names) {
        AtomicInteger number = new AtomicInteger();
        return new CommandGate(
                new MysqlProtocol().framer(new FakeConnection(), ENVIRONMENT.inflaters()),
                (asked, nanos) -> {
                    names.add(asked.name());
                    return denied.test(number.getAndIncrement()) ? new Decision.Deny(null, MESSAGE) : Decision.ALLOW;
                },
                false);
    }

    /** Where a server must not be heard answering what the gate still holds. */
    private static boolean pipelines(WireScript script) {
        return script.name().matches("(mariadbj|pipeline).*");
    }

    private static Conversation conversation(WireScript script) {
        List<String> names = new ArrayList<>();
        try (FilterTester tester = FilterTester.of(denying(command -> false, names))) {
            script.bursts().forEach(burst -> {
                String bytes = new String(burst.bytes(), StandardCharsets.ISO_8859_1);
                if (burst.direction() == Direction.TO_UPSTREAM) {
                    tester.client(bytes);
                } else if (pipelines(script)) {
                    bytes.chars().forEach(b -> tester.upstream(String.valueOf((char) b)));
                } else {
                    tester.upstream(bytes);
                }
            });
        }
        List<String> expected = script.expected().stream()
                .map(WireScript.Expected::command)
                .filter(name -> !name.equals("LOGIN"))
                .toList();
        assertThat(names).containsExactlyInAnyOrderElementsOf(expected);
        return new Conversation(script, names);
    }

    /** One conversation of which some commands are refused, and what is to come of it. */
    private static final class Run {
        private final Conversation conversation;
        private final IntPredicate denied;
        private final Map<Integer, StringBuilder> requests = new HashMap<>();
        private final Set<Integer> answered = new HashSet<>();
        private final Set<String> longData = new HashSet<>();
        private final StringBuilder up = new StringBuilder();
        /** By the numbers of the commands, as answers come in their order. */
        private final NavigableMap<Integer, StringBuilder> down = new TreeMap<>();

        Run(Conversation conversation, IntPredicate denied) {
            this.conversation = conversation;
            this.denied = denied;
        }

        void play(NetworkFilter filter) {
            StringBuilder gotUp = new StringBuilder();
            StringBuilder gotDown = new StringBuilder();
            try (FilterTester tester = FilterTester.of(filter)) {
                for (Conversation.Piece piece : conversation.pieces()) {
                    if (piece.direction() == Direction.TO_UPSTREAM) {
                        tester.client(request(piece));
                    } else {
                        tester.upstream(answer(piece));
                    }
                    gotUp.append(tester.toUpstream());
                    gotDown.append(tester.toClient());
                }
                assertThat(tester.closeReason()).as(conversation.toString()).isNull();
            }
            assertThat(gotUp).as(conversation.toString()).hasToString(up.toString());
            assertThat(gotDown).as(conversation.toString()).hasToString(String.join("", down.values()));
        }

        /** What the client sends; whatever it sends only because the server has asked for it is left out. */
        private String request(Conversation.Piece piece) {
            int command = piece.command();
            if (command == Conversation.NONE || !denied.test(command)) {
                up.append(piece.bytes());
                if (command != Conversation.NONE) {
                    remember(command, piece.bytes());
                }
                return piece.bytes();
            }
            if (answered.contains(command)) {
                return "";
            }
            if (requests.put(command, new StringBuilder(piece.bytes())) != null) {
                throw new IllegalStateException(conversation + ": a command in two pieces");
            }
            up.append(standIn(command, piece.bytes()));
            if (!conversation.silent(command)) {
                String state = conversation.states() ? "#42000" : "";
                toClient(command, framed(1, packet(1, "\u00ff\u00cb\u0004" + state + MESSAGE)));
            }
            return piece.bytes();
        }

        private String answer(Conversation.Piece piece) {
            int command = piece.command();
            if (command == Conversation.NONE || !denied.test(command)) {
                boolean unasked = command == Conversation.NONE && !down.isEmpty() && down.lastKey() >= 0;
                toClient(unasked ? Integer.MAX_VALUE : command, piece.bytes());
                return piece.bytes();
            }
            boolean first = answered.add(command);
            boolean asked =
                    first && !standIn(command, requests.get(command).toString()).isEmpty();
            return asked ? framed(1, packet(1, "\u00ff(\u0004#42000no")) : "";
        }

        private void toClient(int command, String bytes) {
            down.computeIfAbsent(command, number -> new StringBuilder()).append(bytes);
        }

        private void remember(int command, String bytes) {
            if (!conversation.compressed() && bytes.length() >= 9) {
                String statement = bytes.substring(5, 9);
                switch (conversation.name(command)) {
                    case "COM_STMT_SEND_LONG_DATA" -> longData.add(statement);
                    case "COM_STMT_EXECUTE", "COM_STMT_RESET" -> longData.remove(statement);
                    default -> {}
                }
            }
        }

        private static String packet(int sequence, String payload) {
            return "" + (char) payload.length() + "\0\0" + (char) sequence + payload;
        }

        /** Stored in a frame, where there are frames. */
        private String framed(int sequence, String packet) {
            return conversation.compressed()
                    ? "" + (char) packet.length() + "\0\0" + (char) sequence + "\0\0\0" + packet
                    : packet;
        }

        /** What the server gets instead of a command, so that its state is what the client believes. */
        private String standIn(int command, String request) {
            return switch (conversation.name(command)) {
                case "COM_QUIT", "COM_STMT_CLOSE" -> request;
                case "COM_STMT_PREPARE" -> conversation.mariadb() ? framed(0, packet(0, "\u0016refused")) : "";
                case "COM_STMT_SEND_LONG_DATA" -> packet(0, request.substring(4, 9) + "\u00ff\u00ff");
                case "COM_STMT_EXECUTE" ->
                    longData.contains(request.substring(5, 9)) ? packet(0, "\u001a" + request.substring(5, 9)) : "";
                default -> "";
            };
        }
    }

    @ParameterizedTest
    @MethodSource("ofMysqlFirst")
    void refusesCommandsByTheirNameInTurn(WireScript script) {
        Conversation conversation = conversation(script);

        for (String name : new LinkedHashSet<>(conversation.names())) {
            new Run(conversation, command -> conversation.name(command).equals(name)).play(access(name));
        }
    }

    @ParameterizedTest
    @MethodSource("ofMariadbFirst")
    void refusesEverySecondCommand(WireScript script) {
        Conversation conversation = conversation(script);

        for (int rest = 0; rest < 2; rest++) {
            int refused = rest;
            IntPredicate denied = command -> command % 2 == refused;
            new Run(conversation, denied).play(denying(denied, new ArrayList<>()));
        }
    }
}
