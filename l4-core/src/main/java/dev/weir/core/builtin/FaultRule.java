package dev.weir.core.builtin;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.core.protocol.KnownCommands;
import dev.weir.core.protocol.Refusal;
import io.micrometer.core.instrument.Counter;
import java.time.Duration;
import java.util.SplittableRandom;

/**
 * One fault: how often, what, and its counter.
 *
 * @param share of a million
 * @param delay or zero
 * @param decision what becomes of a command
 * @param injected counts
 */
record FaultRule(int share, Duration delay, Decision decision, Counter injected) {
    static final Duration LONGEST = Duration.ofMinutes(1);
    private static final int ALL = 1_000_000;
    private static final String MESSAGE = "fault injected by the proxy";

    /** Reads {@code percent}, {@code delay}, {@code error} and {@code abort} of a rule for commands. */
    static FaultRule read(ConfigNode rule, String name, KnownCommands known, FilterEnvironment environment) {
        Duration delay = delay(rule);
        Decision decision = Decision.ALLOW;
        String does = "";
        if (rule.has("error")) {
            ConfigNode error = rule.section("error");
            Decision.Deny usual = known.refusal(Refusal.FAULT, MESSAGE);
            String code = known.errors().read(error, usual.code());
            String message = error.string("message", MESSAGE);
            error.rejectUnknown();
            decision = new Decision.Deny(code, message == null ? MESSAGE : message);
            does = "error";
        }
        if (rule.bool("abort", false)) {
            if (decision != Decision.ALLOW) {
                rule.error("abort", "beside error (expected: one of the two)");
            }
            decision = new Decision.Abort(CloseReason.FAULT);
            does = "abort";
        }
        if (decision == Decision.ALLOW && delay.isZero()) {
            rule.error("no fault given (expected: delay, error, abort, or several of them)");
        }
        String kind = delay.isZero() ? does : does.isEmpty() ? "delay" : "delay_" + does;
        Decision whole = delay.isZero() ? decision : new Decision.Delay(delay, decision);
        return new FaultRule(share(rule), delay, whole, counter(environment, name, kind));
    }

    /** How many of a million, as {@code percent} says. */
    static int share(ConfigNode rule) {
        if (!rule.has("percent")) {
            rule.error("percent", "missing (expected: a number, 0.0..100.0)");
        }
        return (int) Math.round(rule.number("percent", 0, 0, 100) * ALL / 100);
    }

    static Duration delay(ConfigNode rule) {
        Duration delay = rule.duration("delay", Duration.ZERO);
        if (rule.has("delay") && (delay.isZero() || delay.isNegative() || delay.compareTo(LONGEST) > 0)) {
            rule.error("delay", delay.toMillis() + "ms (expected: a duration of at most 1m)");
        }
        return delay;
    }

    static Counter counter(FilterEnvironment environment, String rule, String kind) {
        return Counter.builder("weir_fault_injected")
                .description("Faults made on purpose, by the rule that made them")
                .tag("listener", environment.listener())
                .tag("rule", rule)
                .tag("kind", kind)
                .register(environment.meters());
    }

    /** Throws the dice. */
    boolean hits(SplittableRandom random) {
        return share >= ALL || share > 0 && random.nextInt(ALL) < share;
    }
}
