package dev.weir.core.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.core.testkit.FakeConnection;
import dev.weir.core.testkit.PolicyTester;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class PolicyGateTest {
    private static final Decision.Deny NO = new Decision.Deny("NO", "no");

    private final PolicyTester bed = new PolicyTester();
    private final FakeConnection connection = bed.connection();
    private final List<String> told = new ArrayList<>();

    /** What all policies of one place in the list have seen and done. */
    private static final class Place {
        private final List<Toy> made = new ArrayList<>();
        private final List<String> asked = new ArrayList<>();
        private final List<Long> times = new ArrayList<>();
        private final List<Open> open = new ArrayList<>();
    }

    /** Decides by the word of a command that stands at its place: {@code allow deny later}. */
    private static final class Toy implements CommandPolicy {
        private final Place place;
        private final int number;
        private boolean opened;
        private int delayed;
        private int over;
        private int closed;

        Toy(Place place, int number) {
            this.place = place;
            this.number = number;
            place.made.add(this);
        }

        @Override
        public void onOpen(PolicyContext context) {
            opened = true;
        }

        @Override
        public Decision decide(Command command, long nanos) {
            assertThat(opened).isTrue();
            assertThat(delayed).as("one command at a time").isEqualTo(over);
            assertThat(closed).isZero();
            place.asked.add(command.name());
            place.times.add(nanos);
            String word = command.name().split(" ", -1)[number];
            delayed += word.startsWith("delay") ? 1 : 0;
            return switch (word) {
                case "deny" -> NO;
                case "close" -> new Decision.Close(CloseReason.RATE_LIMITED, NO);
                case "abort" -> new Decision.Abort(CloseReason.FAULT);
                case "answer" -> new Decision.Answer(a -> Unpooled.EMPTY_BUFFER);
                case "rewrite" -> new Decision.Rewrite(answer -> answer);
                case "delay" -> new Decision.Delay(Duration.ofSeconds(1));
                case "delaydeny" -> new Decision.Delay(Duration.ofSeconds(1), NO);
                case "later" -> new Open(place, null);
                case "now" -> new Open(place, Decision.ALLOW);
                case "nowdelay" -> new Open(place, new Decision.Delay(Duration.ofSeconds(1)));
                case "throw" -> throw new IllegalStateException("on purpose");
                default -> Decision.ALLOW;
            };
        }

        @Override
        public void onDelayed() {
            over++;
            if (place.asked.get(place.asked.size() - 1).endsWith("fails")) {
                throw new IllegalStateException("on purpose");
            }
        }

        @Override
        public void onClose() {
            closed++;
        }
    }

    /** Somebody else's decision. */
    private static final class Open implements Decision.Later {
        private final Place place;
        private final Decision now;
        private Consumer<Decision> then;
        private boolean cancelled;

        Open(Place place, Decision now) {
            this.place = place;
            this.now = now;
        }

        @Override
        public void start(Consumer<Decision> decided) {
            then = decided;
            if (now != null) {
                decided.accept(now);
            } else {
                place.open.add(this);
            }
        }

        @Override
        public void cancel() {
            cancelled = true;
        }
    }

    private final List<Place> places = new ArrayList<>();

    private PolicyGate gate(int policies) {
        List<PerLoop.PerConnection<CommandPolicy>> makers = new ArrayList<>();
        for (int i = 0; i < policies; i++) {
            Place place = new Place();
            places.add(place);
            int number = i;
            makers.add(made -> new Toy(place, number));
        }
        return new PolicyGate(makers, PolicyContext.of(connection, bed.environment.clock()));
    }

    private PolicyWait decide(PolicyGate gate, String command) {
        return gate.decide(
                new PolicyTester.Asked(command), bed.nanos(), decision -> told.add(command + ": " + text(decision)));
    }

    private static String text(Decision decision) {
        return decision instanceof Decision.Close close
                ? "close " + close.reason()
                : decision.getClass().getSimpleName().toLowerCase(java.util.Locale.ROOT);
    }

    private void allClosed() {
        places.forEach(place -> assertThat(place.made).allMatch(toy -> toy.closed == 1));
    }

    @Test
    void asksInOrderUntilOneRefuses() {
        PolicyGate gate = gate(3);

        assertThat(decide(gate, "allow allow allow")).isNull();
        assertThat(decide(gate, "allow deny abort")).isNull();
        assertThat(decide(gate, "close deny deny")).isNull();
        assertThat(decide(gate, "allow allow abort")).isNull();

        assertThat(told)
                .containsExactly(
                        "allow allow allow: allow",
                        "allow deny abort: deny",
                        "close deny deny: close RATE_LIMITED",
                        "allow allow abort: abort");
        assertThat(places.get(0).asked).hasSize(4);
        assertThat(places.get(1).asked).hasSize(3);
        assertThat(places.get(2).asked).containsExactly("allow allow allow", "allow allow abort");
        assertThat(places.get(0).made).as("nothing waited").hasSize(1);
    }

    @Test
    void delaysFollowEachOther() {
        PolicyGate gate = gate(3);

        assertThat(decide(gate, "delay allow delay")).isNotNull();
        bed.advance(Duration.ofMillis(999));
        assertThat(places.get(1).asked).isEmpty();
        bed.advance(Duration.ofMillis(1));
        assertThat(places.get(1).asked).hasSize(1);
        assertThat(places.get(2).asked).hasSize(1);
        assertThat(told).isEmpty();
        bed.advance(Duration.ofSeconds(1));

        assertThat(told).containsExactly("delay allow delay: allow");
        assertThat(places.get(2).times.get(0) - places.get(0).times.get(0)).isEqualTo(1_000_000_000L);
        assertThat(places.get(0).made.get(0).over).isEqualTo(1);
        assertThat(places.get(2).made.get(0).over).isEqualTo(1);
    }

    @Test
    void whatIsRefusedAfterADelayIsNotAskedAboutAgain() {
        PolicyGate gate = gate(2);
        decide(gate, "delaydeny allow");

        bed.advance(Duration.ofSeconds(1));

        assertThat(told).containsExactly("delaydeny allow: deny");
        assertThat(places.get(1).asked).isEmpty();
    }

    @Test
    void whatWaitsHoldsNobodyUp() {
        PolicyGate gate = gate(2);
        decide(gate, "delay allow 1");
        decide(gate, "allow allow 2");
        decide(gate, "later allow 3");
        decide(gate, "allow deny 4");
        decide(gate, "delay deny 5");

        assertThat(told).containsExactly("allow allow 2: allow", "allow deny 4: deny");
        places.get(0).open.get(0).then.accept(Decision.ALLOW);
        bed.advance(Duration.ofSeconds(1));

        assertThat(told.subList(2, 5))
                .containsExactly("later allow 3: allow", "delay allow 1: allow", "delay deny 5: deny");
        assertThat(places.get(0).made).as("as many as waited at the same time").hasSize(3);
        gate.close();
        allClosed();
    }

    @Test
    void aHundredWaitAndEndInAnyOrder() {
        PolicyGate gate = gate(2);
        for (int i = 0; i < 100; i++) {
            assertThat(decide(gate, "later later " + i)).isNotNull();
        }
        List<Open> first = List.copyOf(places.get(0).open);
        for (int i = 99; i >= 0; i--) {
            first.get(i).then.accept(i % 2 == 0 ? Decision.ALLOW : NO);
        }
        List<Open> second = List.copyOf(places.get(1).open);
        assertThat(second).hasSize(50);
        second.forEach(open -> open.then.accept(Decision.ALLOW));

        assertThat(told).hasSize(100);
        for (int i = 0; i < 100; i++) {
            assertThat(told).contains("later later " + i + ": " + (i % 2 == 0 ? "allow" : "deny"));
        }
        long kept = places.get(0).made.stream().filter(toy -> toy.closed == 0).count();
        assertThat(kept).as("policies kept for later").isEqualTo(8);
        gate.close();
        allClosed();
    }

    @Test
    void whoIsCancelledHearsNothingAndHoldsNothing() {
        PolicyGate gate = gate(2);
        PolicyWait delayed = decide(gate, "delay allow");
        PolicyWait open = decide(gate, "allow later");
        PolicyWait other = decide(gate, "delay allow other");

        delayed.cancel();
        open.cancel();
        open.cancel();
        places.get(1).open.get(0).then.accept(Decision.ALLOW);
        assertThat(bed.waits()).as("the timer of the other one").isTrue();
        bed.advance(Duration.ofSeconds(1));

        assertThat(told).containsExactly("delay allow other: allow");
        assertThat(places.get(1).open.get(0).cancelled).isTrue();
        assertThat(places.get(0).made.get(0).closed).isEqualTo(1);
        assertThat(places.get(0).made.get(0).over).isZero();
        other.cancel();
        assertThat(decide(gate, "allow allow")).isNull();
        gate.close();
        allClosed();
    }

    @Test
    void aCancelledTimerIsGone() {
        PolicyGate gate = gate(1);

        decide(gate, "delay").cancel();

        assertThat(bed.waits()).isFalse();
    }

    @Test
    void whoHasBeenToldCannotCancelAnotherOne() {
        PolicyGate gate = gate(1);
        PolicyWait first = decide(gate, "delay 1");
        bed.advance(Duration.ofSeconds(1));
        decide(gate, "delay 2");

        first.cancel();
        bed.advance(Duration.ofSeconds(1));

        assertThat(told).containsExactly("delay 1: allow", "delay 2: allow");
    }

    @Test
    void theEndOfTheConnectionEndsAllThatWaits() {
        PolicyGate gate = gate(2);
        decide(gate, "delay allow");
        decide(gate, "allow later");
        decide(gate, "allow allow");

        gate.close();
        gate.close();
        places.get(1).open.get(0).then.accept(Decision.ALLOW);
        bed.advance(Duration.ofSeconds(5));

        assertThat(told).containsExactly("allow allow: allow");
        assertThat(places.get(1).open.get(0).cancelled).isTrue();
        assertThat(bed.waits()).isFalse();
        allClosed();
    }

    @Test
    void theConnectionMayEndWhileItIsTold() {
        PolicyGate gate = gate(1);
        gate.decide(new PolicyTester.Asked("delay"), bed.nanos(), decision -> gate.close());
        gate.decide(new PolicyTester.Asked("allow"), bed.nanos(), decision -> told.add("told"));

        bed.advance(Duration.ofSeconds(1));

        assertThat(told).containsExactly("told");
        allClosed();
    }

    @Test
    void aDecisionThatIsThereAtOnceWaitsForNothing() {
        PolicyGate gate = gate(2);

        assertThat(decide(gate, "now now")).isNull();
        assertThat(decide(gate, "now deny")).isNull();
        assertThat(decide(gate, "nowdelay allow")).isNotNull();
        bed.advance(Duration.ofSeconds(1));

        assertThat(told).containsExactly("now now: allow", "now deny: deny", "nowdelay allow: allow");
    }

    @Test
    void whoeverIsToldTwiceIsToldOnce() {
        PolicyGate gate = gate(1);
        decide(gate, "later");
        Open open = places.get(0).open.get(0);

        open.then.accept(Decision.ALLOW);
        open.then.accept(NO);

        assertThat(told).containsExactly("later: allow");
    }

    @Test
    void aPolicyThatFailsEndsItsConnection() {
        PolicyGate gate = gate(3);
        decide(gate, "throw allow allow");
        decide(gate, "delay throw allow");
        decide(gate, "rewrite allow allow");
        decide(gate, "allow later allow");
        places.get(1).open.get(0).then.accept(places.get(1).open.get(0));
        bed.advance(Duration.ofSeconds(1));

        assertThat(told)
                .containsExactly(
                        "throw allow allow: close INTERNAL_ERROR",
                        "rewrite allow allow: close INTERNAL_ERROR",
                        "allow later allow: close INTERNAL_ERROR",
                        "delay throw allow: close INTERNAL_ERROR");
    }

    @Test
    void aPolicyMayFailBehindItsDelay() {
        decide(gate(1), "delay fails");

        bed.advance(Duration.ofSeconds(1));

        assertThat(told).containsExactly("delay fails: close INTERNAL_ERROR");
    }

    @Test
    void anAnswerIsTheTerminalsToUse() {
        decide(gate(1), "answer");

        assertThat(told).containsExactly("answer: answer");
    }
}
