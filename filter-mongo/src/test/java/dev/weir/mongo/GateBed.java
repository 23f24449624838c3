package dev.weir.mongo;

import static dev.weir.mongo.Messages.message;
import static dev.weir.mongo.Messages.msg;
import static dev.weir.mongo.PackedMessages.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.compress.Inflaters;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.protocol.Command;
import dev.weir.core.protocol.CommandGate;
import dev.weir.core.protocol.CommandPolicy;
import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.core.testkit.FakeConnection;
import dev.weir.core.testkit.FilterTester;
import java.util.ArrayList;
import java.util.List;

/** A command gate whose framer is that of MongoDB, and what its policy was told. */
abstract class GateBed {
    static final byte[] BODY = {0};
    static final String OK = "{ok: 1.0}";

    final Inflaters inflaters = new Inflaters();
    final List<String> seen = new ArrayList<>();

    CommandGate gate(CommandPolicy policy) {
        CommandPolicy recording = (command, nanos) -> {
            seen.add(command.name() + " " + command.namespace() + (command.readOnly() ? " reads" : ""));
            return policy.decide(command, nanos);
        };
        return new CommandGate(new MongoProtocol().framer(new FakeConnection(), inflaters), recording, false);
    }

    FilterTester tester(CommandPolicy policy) {
        return FilterTester.of(gate(policy));
    }

    FilterTester denying(String name, String code) {
        return tester(
                (command, nanos) -> command.name().equals(name) ? new Decision.Deny(code, "not here") : Decision.ALLOW);
    }

    static Decision denyDrop(Command command, long nanos) {
        return command.name().equals("drop") ? new Decision.Deny(null, "no") : Decision.ALLOW;
    }

    static String answer(int id, int to) {
        return text(msg(id, to, 0, OK));
    }

    List<String> commands(byte[]... messages) {
        try (FilterTester tester = tester((command, nanos) -> Decision.ALLOW)) {
            for (byte[] message : messages) {
                tester.client(text(message));
            }

            assertThat(tester.closeReason()).isNull();
            assertThat(tester.toUpstream()).isEqualTo(text(messages));
        }
        return seen;
    }

    void closesAt(byte[]... messages) {
        try (FilterTester tester = tester((command, nanos) -> Decision.ALLOW)) {
            String all = text(messages);
            tester.client(all);

            assertThat(tester.closeReason()).isEqualTo(CloseReason.FILTER);
            assertThat(tester.toUpstream()).hasSizeLessThan(all.length());
        }
    }
}
