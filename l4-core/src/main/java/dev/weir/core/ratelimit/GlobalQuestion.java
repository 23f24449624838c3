package dev.weir.core.ratelimit;

import dev.weir.core.filter.Connection;
import dev.weir.core.protocol.Command;
import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.core.ratelimit.RateLimitService.Client;
import dev.weir.core.ratelimit.RateLimitService.Entry;
import dev.weir.core.ratelimit.RateLimitService.Question;
import dev.weir.core.ratelimit.RateLimitService.Reply;
import dev.weir.core.ratelimit.RateLimitService.Result;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One question to the service, about one connection or command, and what follows from its answer. On one event loop. */
final class GlobalQuestion implements Decision.Later {
    private final GlobalSettings global;
    private final Client client;
    private final Decision failed;
    private final List<List<Entry>> descriptors = new ArrayList<>();
    /** The limit of each descriptor. */
    private final List<GlobalLimit> limits = new ArrayList<>();

    private Decision otherwise = Decision.ALLOW;
    private Runnable refused = () -> {};
    private Consumer<Decision> then = GlobalQuestion::unheard;
    private @Nullable Question question;

    /** {@code failed} is the decision where there is no answer and the failure mode is to deny. */
    GlobalQuestion(GlobalSettings global, Client client, Decision failed) {
        this.global = global;
        this.client = client;
        this.failed = failed;
    }

    /** Adds what {@code limit} asks about; {@code command} is null for a connection. */
    void add(GlobalLimit limit, Connection connection, @Nullable Command command) {
        for (DescriptorPlan plan : limit.descriptors()) {
            List<Entry> descriptor = plan.make(connection, command);
            if (descriptor != null) {
                descriptors.add(descriptor);
                limits.add(limit);
            }
        }
    }

    /** Whether there is nothing to ask. */
    boolean empty() {
        return descriptors.isEmpty();
    }

    /** What is decided if the service has no objection, and what is to be done if it has. */
    void otherwise(Decision decision, Runnable onRefusal) {
        otherwise = decision;
        refused = onRefusal;
    }

    @Override
    public void start(Consumer<Decision> decided) {
        then = decided;
        question = client.ask(descriptors, global.hits, this::answered);
    }

    @Override
    public void cancel() {
        then = GlobalQuestion::unheard;
        Question asked = question;
        if (asked != null) {
            asked.cancel();
        }
    }

    private static void unheard(Decision decision) {}

    private void answered(Reply reply) {
        global.count(reply.result());
        Decision decision = decide(reply);
        if (decision != otherwise) {
            refused.run();
        }
        then.accept(decision);
    }

    private Decision decide(Reply reply) {
        if (reply.result().failed()) {
            return global.allowOnFailure ? otherwise : failed;
        }
        Decision decision = otherwise;
        boolean over = reply.result() == Result.OVER_LIMIT;
        boolean all = over && reply.over() == 0;
        int i = 0;
        while (i < limits.size()) {
            GlobalLimit limit = limits.get(i);
            boolean its = false;
            for (; i < limits.size() && limits.get(i).equals(limit); i++) {
                its |= all || over && reply.over(i);
            }
            (its ? limit.refused() : limit.allowed()).increment();
            if (its && !limit.shadow() && decision == otherwise) {
                decision = limit.refusal();
            }
        }
        return decision;
    }
}
