package dev.weir.mysql;

import static dev.weir.mysql.MysqlFuzz.check;

import dev.weir.core.compress.Inflaters;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Direction;
import dev.weir.core.protocol.CommandGate;
import dev.weir.core.protocol.CommandPolicy;
import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.core.testkit.FakeConnection;
import dev.weir.core.testkit.FilterTester;
import dev.weir.core.testkit.WireScript;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * What Jazzer runs on the command gate: inputs as those of {@link MysqlFuzz}, with a byte more that chooses which commands are refused.
 * Nothing but a {@code SniffException} comes out, what is borrowed is given back, and where nothing is refused no byte is changed.
 */
public final class GateFuzz {
    /** In the second byte: what cannot be cut passes, in place of ending the connection. */
    private static final int OPEN = 0x80;

    private static final Inflaters INFLATERS = new Inflaters();

    private GateFuzz() {}

    /** Refuses commands by the bits of {@code bits}, in turn. */
    private static final class Refusing implements CommandPolicy {
        private final int bits;
        private int commands;

        Refusing(int bits) {
            this.bits = bits;
        }

        @Override
        public Decision decide(dev.weir.core.protocol.Command command, long nanos) {
            // What a policy may ask for.
            check(!command.name().isEmpty(), "no name");
            check(command.kind() != null, "no kind");
            String told = command.user() + command.namespace() + command.statement();
            boolean refused = (bits >> commands++ % 7 & 1) != 0;
            return refused ? new Decision.Deny(null, "not " + told.length()) : Decision.ALLOW;
        }
    }

    /** One run. */
    public static void fuzzerTestOneInput(byte[] data) {
        if (data.length < 2) {
            return;
        }
        CommandGate gate = new CommandGate(
                new MysqlProtocol().framer(new FakeConnection(), INFLATERS),
                new Refusing(data[1]),
                (data[1] & OPEN) != 0);
        Side client = new Side();
        Side server = new Side();
        try (FilterTester tester = FilterTester.of(gate)) {
            if ((data[0] & MysqlFuzz.RAW) == 0) {
                for (WireScript.Burst burst : MysqlFuzz.login(data[0])) {
                    feed(tester, burst.direction(), burst.bytes(), client, server);
                }
                check(tester.closeReason() == null, "the login was not understood");
            }
            for (int at = 2; at + 2 <= data.length; ) {
                int head = (data[at] & 0xff) << 8 | data[at + 1] & 0xff;
                int end = Math.min(data.length, at + 2 + (head & 0x7fff));
                byte[] bytes = Arrays.copyOfRange(data, at + 2, end);
                boolean down = (head & MysqlFuzz.TO_CLIENT) != 0;
                feed(tester, down ? Direction.TO_CLIENT : Direction.TO_UPSTREAM, bytes, client, server);
                at = end;
            }
            check(tester.closeReason() != CloseReason.INTERNAL_ERROR, "an exception");
        }
        if ((data[1] & ~OPEN) == 0) {
            client.check("the client");
            server.check("the server");
        }
        check(INFLATERS.taken() == 0, "inflaters not given back");
    }

    /** What one side has sent, and what of it has come out. */
    private static final class Side {
        final StringBuilder sent = new StringBuilder();
        final StringBuilder passed = new StringBuilder();

        void check(String name) {
            boolean same = passed.length() <= sent.length() && sent.indexOf(passed.toString()) == 0;
            MysqlFuzz.check(same, "not what " + name + " has sent");
        }
    }

    private static void feed(FilterTester tester, Direction direction, byte[] bytes, Side client, Side server) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        if (direction == Direction.TO_UPSTREAM) {
            client.sent.append(text);
            tester.client(text);
        } else {
            server.sent.append(text);
            tester.upstream(text);
        }
        client.passed.append(tester.toUpstream());
        server.passed.append(tester.toClient());
    }

    /** Writes small conversations as inputs to begin with: one as it is, the next one with some of its commands refused. */
    static void seeds(Path folder, List<WireScript> conversations) throws IOException {
        int refused = 0;
        for (WireScript conversation : conversations) {
            int size = conversation.bursts().stream()
                    .mapToInt(burst -> burst.bytes().length)
                    .sum();
            if (size <= 3_000) {
                MysqlFuzz.seeds(folder, List.of(conversation), MysqlFuzz.RAW, refused);
                refused ^= 0x2a;
            }
        }
    }
}
