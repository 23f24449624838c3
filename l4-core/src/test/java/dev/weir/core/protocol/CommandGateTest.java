package dev.weir.core.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.core.testkit.FilterTester;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class CommandGateTest {
    /** What a policy of these tests does, by the name of the command. */
    private static Decision byName(Command command, long nanos) {
        return switch (command.name()) {
            case "deny" -> new Decision.Deny("DENIED", "no");
            case "own" -> new Decision.Answer(a -> ByteBufUtil.writeAscii(a, "own answer\n"));
            case "slow" -> new Decision.Delay(Duration.ofMillis(100));
            case "twist" ->
                new Decision.Rewrite(answer -> ByteBufUtil.writeAscii(
                        answer.alloc(),
                        answer.toString(StandardCharsets.ISO_8859_1).toUpperCase(java.util.Locale.ROOT)));
            default -> Decision.ALLOW;
        };
    }

    private static FilterTester tester() {
        return FilterTester.of(new CommandGate(new LineProtocol(), CommandGateTest::byName, false));
    }

    @Test
    void letsAllowedCommandsGoOnUntouched() {
        try (FilterTester tester = tester()) {
            tester.client("get a\nset b ").client("1\n\nget c\n");
            tester.upstream("1\n2\n3\n");

            assertThat(tester.toUpstream()).isEqualTo("get a\nset b 1\n\nget c\n");
            assertThat(tester.toClient()).isEqualTo("1\n2\n3\n");
        }
    }

    @Test
    void answersADeniedCommandAtItsPlace() {
        try (FilterTester tester = tester()) {
            tester.client("get a\ndeny b\nget c\nown d\n");
            assertThat(tester.toUpstream()).isEqualTo("get a\nget c\n");
            assertThat(tester.toClient()).isEmpty();

            tester.upstream("one\n");
            assertThat(tester.toClient()).isEqualTo("one\nDENIED no\n");

            tester.upstream("three\n");
            assertThat(tester.toClient()).isEqualTo("three\nown answer\n");
        }
    }

    @Test
    void answersAtOnceWhenNothingIsUnderWay() {
        try (FilterTester tester = tester()) {
            tester.client("deny a\n");

            assertThat(tester.toClient()).isEqualTo("DENIED no\n");
        }
    }

    @Test
    void doesNotWaitForTheAnswerOfACommandThatGetsNone() {
        try (FilterTester tester = tester()) {
            tester.client("quiet a\ndeny b\n");

            assertThat(tester.toClient()).isEqualTo("DENIED no\n");
        }
    }

    @Test
    void neverPutsItsAnswerIntoTheMiddleOfAnother() {
        try (FilterTester tester = tester()) {
            tester.upstream("!half a pu");
            tester.client("deny a\n");
            assertThat(tester.toClient()).isEqualTo("!half a pu");

            tester.upstream("sh\n!next\n");

            assertThat(tester.toClient()).isEqualTo("sh\nDENIED no\n!next\n");
        }
    }

    @Test
    void delaysACommandAndWhatIsBehindItButNotTheAnswersBefore() {
        try (FilterTester tester = tester()) {
            tester.client("get a\nslow b\nget c\n");
            assertThat(tester.toUpstream()).isEqualTo("get a\n");
            tester.upstream("1\n");
            assertThat(tester.toClient()).isEqualTo("1\n");

            tester.client("get d\n").advance(Duration.ofMillis(50));
            assertThat(tester.toUpstream()).isEmpty();
            tester.advance(Duration.ofMillis(50));

            assertThat(tester.toUpstream()).isEqualTo("slow b\nget c\nget d\n");
        }
    }

    @Test
    void rewritesOneAnswer() {
        try (FilterTester tester = tester()) {
            tester.client("get a\ntwist b\nget c\n");
            tester.upstream("one\ntw");
            tester.upstream("o\nthree\n");

            assertThat(tester.toClient()).isEqualTo("one\nTWO\nthree\n");
        }
    }

    @Test
    void findsTheCommandOfAnAnswerThatComesOutOfOrder() {
        CommandGate gate = new CommandGate(new LineProtocol(true), CommandGateTest::byName, false);
        try (FilterTester tester = FilterTester.of(gate)) {
            tester.client("get a\nget b\ntwist c\nget d\ntwist e\n");
            tester.upstream("3 d\n1 b\n1 c\n1");
            tester.upstream(" e\n0 a\n");

            assertThat(tester.toClient()).isEqualTo("3 d\n1 b\n1 C\n1 E\n0 a\n");
            assertThat(gate.boundary()).isEqualTo(NetworkFilter.Boundary.IDLE);
        }
    }

    @Test
    void waitsOnlyForTheEndOfAnAnswerWhereOrderDoesNotMatter() {
        CommandGate gate = new CommandGate(new LineProtocol(true), CommandGateTest::byName, false);
        try (FilterTester tester = FilterTester.of(gate)) {
            tester.client("get a\nget b\ndeny c\n");
            assertThat(tester.toClient()).isEqualTo("DENIED no\n");

            tester.upstream("1 ha");
            tester.client("deny d\nget e\nown f\n");
            assertThat(tester.toClient()).isEqualTo("1 ha");

            tester.upstream("lf\n");

            assertThat(tester.toClient()).isEqualTo("lf\nDENIED no\nown answer\n");
        }
    }

    @Test
    void passesAnAnswerThatIsTooLongToBeRewritten() {
        String answer = "x".repeat(CommandGate.MAX_REWRITE + 10);
        try (FilterTester tester = tester()) {
            tester.client("twist a\nget b\n");
            tester.upstream(answer);
            tester.upstream("y\nb\n");

            assertThat(tester.toClient()).isEqualTo(answer + "y\nb\n");
        }
    }

    @Test
    void keepsEveryAnswerOfALongMixedPipelineAtItsPlace() {
        Random random = new Random(7);
        for (int round = 0; round < 4; round++) {
            StringBuilder requests = new StringBuilder();
            StringBuilder answers = new StringBuilder();
            StringBuilder expected = new StringBuilder();
            for (int i = 0; i < 1_000; i++) {
                if (i % 7 == 6) {
                    requests.append("deny ").append(i).append('\n');
                    expected.append("DENIED no\n");
                    continue;
                }
                String name = i == 500 ? "twist" : i % 11 == 10 ? "slow" : "get";
                requests.append(name).append(' ').append(i).append('\n');
                String answer = "answer " + i + "\n";
                answers.append(answer);
                expected.append(i == 500 ? answer.toUpperCase(java.util.Locale.ROOT) : answer);
            }
            StringBuilder got = new StringBuilder();
            try (FilterTester tester = tester()) {
                int asked = 0;
                int answered = 0;
                while (asked < requests.length() || answered < answers.length() || got.length() < expected.length()) {
                    int n = Math.min(requests.length() - asked, random.nextInt(200));
                    if (n > 0) {
                        tester.client(requests.substring(asked, asked + n));
                    }
                    asked += n;
                    int reached = tester.toUpstream().split("\n", -1).length - 1;
                    for (int i = 0; i < reached; i++) {
                        int end = answers.indexOf("\n", answered) + 1;
                        int cut = answered + random.nextInt(end - answered);
                        tester.upstream(answers.substring(answered, cut) + "");
                        tester.upstream(answers.substring(cut, end));
                        answered = end;
                    }
                    got.append(tester.toClient());
                    tester.advance(Duration.ofMillis(100));
                }
                got.append(tester.toClient());
            }

            assertThat(got.toString()).isEqualTo(expected.toString());
        }
    }

    @Test
    void closesOrPassesWhenTheStreamCannotBeCut() {
        try (FilterTester closed = tester()) {
            closed.client("bad x\n");
            assertThat(closed.closeReason()).isEqualTo(CloseReason.FILTER);
        }
        try (FilterTester open = FilterTester.of(new CommandGate(new LineProtocol(), CommandGateTest::byName, true))) {
            open.client("bad x\ndeny y\n");
            assertThat(open.toUpstream()).isEqualTo("bad x\ndeny y\n");
        }
    }

    @Test
    void passesEverythingOnceTheStreamIsOpaque() {
        CommandGate gate = new CommandGate(new LineProtocol(), CommandGateTest::byName, true);
        try (FilterTester tester = FilterTester.of(gate)) {
            tester.client("get a\nraw\ndeny x\n");

            assertThat(tester.toUpstream()).isEqualTo("get a\nraw\ndeny x\n");
        }
    }

    @Test
    void closesWhenTheStreamIsOpaqueAndNothingMayPassUnseen() {
        List<String> counted = new ArrayList<>();
        CommandGate gate =
                new CommandGate(new LineProtocol(), CommandGateTest::byName, false, () -> counted.add("undecodable"));
        try (FilterTester tester = FilterTester.of(gate)) {
            tester.client("get a\nraw\ndeny x\n");

            assertThat(tester.toUpstream()).isEqualTo("get a\n");
            assertThat(tester.closeReason()).isEqualTo(CloseReason.FILTER);
            assertThat(counted).containsExactly("undecodable");
        }
    }

    @Test
    void letsAHalfCommandGoWhenTheClientEnds() {
        try (FilterTester tester = tester()) {
            tester.client("get a\nge").clientEnds();

            assertThat(tester.toUpstream()).isEqualTo("get a\nge");
            assertThat(tester.upstreamSawEnd()).isTrue();
        }
    }

    @Test
    void holdsWhatWaitsForAnAnswer() {
        try (FilterTester tester = tester()) {
            tester.client("last a\nget b\ndeny c\nget d\n");
            assertThat(tester.toUpstream()).isEqualTo("last a\n");

            tester.upstream("on");
            assertThat(tester.toUpstream()).isEmpty();
            tester.upstream("e\n");

            assertThat(tester.toUpstream()).isEqualTo("get b\nget d\n");
            tester.upstream("two\n");
            assertThat(tester.toClient()).isEqualTo("one\ntwo\nDENIED no\n");
        }
    }

    @Test
    void doesNotLetGoWhatWaitsWhenTheClientEnds() {
        try (FilterTester tester = tester()) {
            tester.client("last a\ndeny b\n").clientEnds();
            assertThat(tester.toUpstream()).isEqualTo("last a\n");

            tester.upstream("one\n");

            assertThat(tester.toUpstream()).isEmpty();
            assertThat(tester.toClient()).isEqualTo("one\nDENIED no\n");
            assertThat(tester.upstreamSawEnd()).isTrue();
        }
    }

    @Test
    void answersARefusedCommandWhenAllOfItHasCome() {
        try (FilterTester tester = tester()) {
            tester.client("deny so");
            assertThat(tester.toClient()).isEmpty();

            tester.client("me\n");

            assertThat(tester.toClient()).isEqualTo("DENIED no\n");
        }
    }

    @Test
    void closesItsFramer() {
        LineProtocol framer = new LineProtocol();
        FilterTester.of(new CommandGate(framer, CommandGateTest::byName, false)).close();

        assertThat(framer.closed()).isTrue();
    }

    @Test
    void holdsRequestsOfAClientThatDoesNotReadItsAnswers() {
        List<String> denied = new ArrayList<>();
        CommandPolicy policy = (command, nanos) -> {
            denied.add(command.name());
            return new Decision.Answer(a -> a.buffer().writeZero(10_000));
        };
        try (FilterTester tester = FilterTester.of(new CommandGate(new LineProtocol(), policy, false))) {
            tester.client("get x\n");
            tester.upstream("!unread" + "x".repeat(200_000));
            int before = denied.size();
            tester.client("a\n".repeat(1_000));

            assertThat(denied.size() - before).isLessThan(40);
        }
    }

    /** Puts every command off; the test decides. */
    private static final class Slow implements CommandPolicy, Decision.Later {
        private final List<String> asked = new ArrayList<>();
        private final List<Long> times = new ArrayList<>();
        private Consumer<Decision> then = decision -> {};
        private Decision atOnce;
        private boolean cancelled;

        @Override
        public Decision decide(Command command, long nanos) {
            asked.add(command.name());
            times.add(nanos);
            return this;
        }

        @Override
        public void start(Consumer<Decision> decided) {
            then = decided;
            if (atOnce != null) {
                decided.accept(atOnce);
            }
        }

        @Override
        public void cancel() {
            cancelled = true;
        }
    }

    @Test
    void waitsInOrderForWhatSomebodyElseDecides() {
        Slow policy = new Slow();
        try (FilterTester tester = FilterTester.of(new CommandGate(new LineProtocol(), policy, false))) {
            tester.client("get a\nget b\n").client("get c\n");
            assertThat(tester.toUpstream()).isEmpty();
            assertThat(policy.asked).containsExactly("get");

            policy.then.accept(Decision.ALLOW);
            assertThat(tester.toUpstream()).isEqualTo("get a\n");
            policy.then.accept(new Decision.Deny("DENIED", "no"));
            assertThat(tester.toUpstream()).isEmpty();
            policy.then.accept(new Decision.Delay(Duration.ofMillis(10)));
            tester.upstream("1\n");
            assertThat(tester.toClient()).isEqualTo("1\nDENIED no\n");
            tester.advance(Duration.ofMillis(10));

            assertThat(tester.toUpstream()).isEqualTo("get c\n");
            assertThat(policy.asked).hasSize(3);
        }
    }

    @Test
    void goesOnAtOnceIfItIsDecidedAtOnce() {
        Slow policy = new Slow();
        policy.atOnce = Decision.ALLOW;
        try (FilterTester tester = FilterTester.of(new CommandGate(new LineProtocol(), policy, false))) {
            tester.client("get a\nget b\n");

            assertThat(tester.toUpstream()).isEqualTo("get a\nget b\n");
        }
    }

    @Test
    void forgetsTheDecisionWhenTheConnectionCloses() {
        Slow policy = new Slow();
        FilterTester tester = FilterTester.of(new CommandGate(new LineProtocol(), policy, false));
        tester.client("get a\n");
        tester.connection().close(CloseReason.CLIENT_RESET);

        policy.then.accept(Decision.ALLOW);

        assertThat(policy.cancelled).isTrue();
        assertThat(tester.toUpstream()).isEmpty();
        tester.close();
    }

    @Test
    void tellsPoliciesTheTimeAtWhichAWaitEnded() {
        Slow policy = new Slow();
        try (FilterTester tester = FilterTester.of(new CommandGate(new LineProtocol(), policy, false))) {
            tester.client("get a\nget b\n");
            tester.advance(Duration.ofMillis(300));

            policy.then.accept(Decision.ALLOW);

            assertThat(policy.times.get(1) - policy.times.get(0)).isEqualTo(300_000_000L);
        }
    }

    @Test
    void closesBehindTheError() {
        CommandPolicy policy = (command, nanos) -> command.name().equals("evil")
                ? new Decision.Close(CloseReason.RATE_LIMITED, new Decision.Deny("DENIED", "no"))
                : Decision.ALLOW;
        try (FilterTester tester = FilterTester.of(new CommandGate(new LineProtocol(), policy, false))) {
            tester.client("get a\n");
            tester.upstream("1\n");
            tester.client("evil b\nget c\nevil d\n");

            assertThat(tester.toClient()).isEqualTo("1\nDENIED no\n");
            assertThat(tester.toUpstream()).isEqualTo("get a\n");
            assertThat(tester.closeReason()).isEqualTo(CloseReason.RATE_LIMITED);
        }
    }
}
