package dev.weir.mysql;

import dev.weir.core.compress.Inflaters;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.protocol.Command;
import dev.weir.core.protocol.CommandGate;
import dev.weir.core.protocol.CommandPolicy;
import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.core.testkit.FakeConnection;
import dev.weir.core.testkit.FilterTester;
import dev.weir.core.testkit.WireScript;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A client and a server with a command gate of MySQL between them, and what its policy was told. */
final class GateTalk implements AutoCloseable {
    static final long CAN = Talk.CAN | Talk.DEPRECATE_EOF;
    static final long SINGLE = CAN & ~Capability.MULTI_STATEMENTS;

    final List<String> seen = new ArrayList<>();
    final Inflaters inflaters = new Inflaters();
    final FilterTester tester;

    GateTalk(CommandPolicy policy) {
        CommandPolicy recording = (command, nanos) -> {
            seen.add(line(command));
            return policy.decide(command, nanos);
        };
        tester = FilterTester.of(
                new CommandGate(new MysqlProtocol().framer(new FakeConnection(), inflaters), recording, false));
    }

    static GateTalk allowing() {
        return new GateTalk((command, nanos) -> Decision.ALLOW);
    }

    /** Refuses commands by their name or keyword. */
    static GateTalk denying(String what, String code) {
        return new GateTalk((command, nanos) -> command.name().equals(what) || what.equals(command.statement())
                ? new Decision.Deny(code, "not here")
                : Decision.ALLOW);
    }

    private static String line(Command command) {
        return command.name() + " " + command.statement() + " " + command.user() + "@" + command.namespace()
                + switch (command.kind()) {
                    case READ -> " reads";
                    case SESSION -> " session";
                    case LOGIN -> " login";
                    default -> "";
                };
    }

    static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    static String packet(int sequence, Talk.Bytes payload) {
        return text(Talk.packet(sequence, payload.done()));
    }

    GateTalk login(long capabilities, String version) {
        for (WireScript.Burst burst :
                new Talk().login(capabilities, version).script("login").bursts()) {
            switch (burst.direction()) {
                case TO_UPSTREAM -> tester.client(text(burst.bytes()));
                default -> tester.upstream(text(burst.bytes()));
            }
        }
        tester.toUpstream();
        tester.toClient();
        return this;
    }

    GateTalk login() {
        return login(CAN, "8.0.36");
    }

    /** A command, as one packet. */
    GateTalk client(Talk.Bytes payload) {
        tester.client(packet(0, payload));
        return this;
    }

    GateTalk client(String bytes) {
        tester.client(bytes);
        return this;
    }

    GateTalk query(String sql) {
        return client(Talk.query(sql));
    }

    GateTalk server(int sequence, Talk.Bytes payload) {
        tester.upstream(packet(sequence, payload));
        return this;
    }

    GateTalk server(Talk.Bytes payload) {
        return server(1, payload);
    }

    GateTalk ok() {
        return server(1, Talk.ok(0, 2));
    }

    String toUpstream() {
        return tester.toUpstream();
    }

    String toClient() {
        return tester.toClient();
    }

    CloseReason closed() {
        return tester.closeReason();
    }

    GateTalk advance(Duration time) {
        tester.advance(time);
        return this;
    }

    @Override
    public void close() {
        tester.close();
    }
}
