package dev.weir.redis;

import dev.weir.core.config.Address;
import dev.weir.core.filter.CloseReason;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** CLIENT LIST and CLIENT KILL: each loop of a proxy looks at its own clients; the answer is there when all have. On the loop of who asks. */
final class ClientList {
    private static final Logger LOG = LoggerFactory.getLogger(ClientList.class);

    private final ProxyLoop home;

    ClientList(ProxyLoop home) {
        this.home = home;
    }

    /** What every loop is asked; its answers are texts. */
    private abstract static class Gather extends Merge {
        private final List<ProxyLoop> loops;

        Gather(ProxyLoop home, Call whole, List<ProxyLoop> loops) {
            super(home, whole, loops.size());
            this.loops = loops;
            whole.byWeir = true;
        }

        void ask(Function<ProxyLoop, String> question) {
            Call[] asked = new Call[parts.length];
            for (int i = 0; i < asked.length; i++) {
                asked[i] = part(0);
            }
            for (int i = 0; i < asked.length; i++) {
                Call part = asked[i];
                ProxyLoop other = loops.get(i);
                try {
                    other.loop.execute(() -> ask(other, part, question));
                } catch (RejectedExecutionException ended) {
                    answered(part, ""); // a loop that has ended has no clients
                }
            }
        }

        private void ask(ProxyLoop other, Call part, Function<ProxyLoop, String> question) {
            String found = "";
            try {
                found = question.apply(other);
            } catch (RuntimeException e) {
                LOG.error("A loop could not look at its clients", e); // who asks is not to wait for ever
            }
            String text = found;
            home.loop.execute(() -> answered(part, text));
        }

        private void answered(Call part, String text) {
            if (part.merge != this) {
                return; // the client has left, and the call may be another one's
            }
            ByteBuf bytes = home.allocator().buffer(text.length());
            bytes.writeCharSequence(text, StandardCharsets.UTF_8);
            part.end = home.clock.nanoTime();
            try {
                answer(part, bytes, bytes.readerIndex(), bytes.readableBytes(), true);
            } finally {
                bytes.release();
            }
        }

        String answerOf(int part) {
            return text(part).toString(StandardCharsets.UTF_8);
        }
    }

    void list(ProxyClient client, Call call, CommandReader command, ByteBuf buf) {
        ClientFilter filter = ClientFilter.read(home, command, buf, false);
        String problem = filter.problem();
        if (problem != null) {
            home.fail(call, problem);
            return;
        }
        boolean resp3 = client.session().resp3();
        Gather gather = new Gather(home, call, List.copyOf(home.loops)) {
            @Override
            void write(ByteBuf out) {
                List<String> lines = new ArrayList<>();
                for (int i = 0; i < parts.length; i++) {
                    answerOf(i).lines().forEach(lines::add);
                }
                lines.sort(Comparator.comparingLong(ClientList::id));
                Resp.text(out, lines.isEmpty() ? "" : String.join("\n", lines) + '\n', resp3);
            }
        };
        gather.ask(loop -> lines(loop, filter, client));
    }

    private static String lines(ProxyLoop loop, ClientFilter filter, ProxyClient me) {
        StringBuilder lines = new StringBuilder();
        for (ProxyClient client : loop.clients) {
            if (lines.length() > loop.settings.outputLimit()) {
                break; // the answer is refused for its length
            }
            if (filter.matches(client, loop, me)) {
                lines.append(line(loop, client));
            }
        }
        return lines.toString();
    }

    private static long id(String line) {
        return Long.parseLong(line.substring("id=".length(), line.indexOf(' ')));
    }

    void kill(ProxyClient client, Call call, CommandReader command, ByteBuf buf) {
        boolean old = command.count() == 3;
        ClientFilter filter = old
                ? ClientFilter.ofAddress(LocalCommands.text(command, buf, 2))
                : ClientFilter.read(home, command, buf, true);
        String problem = filter.problem();
        if (problem != null) {
            home.fail(call, problem);
            return;
        }
        boolean[] itself = new boolean[1]; // of this loop alone
        Gather gather = new Gather(home, call, List.copyOf(home.loops)) {
            @Override
            void write(ByteBuf out) {
                long killed = 0;
                for (int i = 0; i < parts.length; i++) {
                    String count = answerOf(i);
                    killed += count.isEmpty() ? 0 : Long.parseLong(count);
                }
                if (!old) {
                    Resp.integer(out, killed);
                } else if (killed > 0) {
                    Resp.status(out, "OK");
                } else {
                    Resp.error(out, "ERR No such client");
                }
                if (itself[0]) {
                    client.closeBehindAnswers(CloseReason.FILTER);
                }
            }
        };
        gather.ask(loop -> Long.toString(kill(loop, filter, client, itself)));
    }

    private static long kill(ProxyLoop loop, ClientFilter filter, ProxyClient me, boolean[] itself) {
        long killed = 0;
        for (ProxyClient client : List.copyOf(loop.clients)) {
            if (filter.matches(client, loop, me)) {
                killed++;
                if (client == me) {
                    itself[0] = true; // it gets its answer first
                } else {
                    client.close(CloseReason.FILTER);
                }
            }
        }
        return killed;
    }

    /** A client, as a server has it in CLIENT LIST; on its loop. */
    static String line(ProxyLoop loop, ProxyClient client) {
        ProxySession session = client.session();
        ProxyTransaction transaction = client.transaction(false);
        boolean transacts = transaction != null && transaction.isOpen();
        String flags = (loop.pubSub.subscribed(client) ? "P" : "")
                + (transacts ? "x" : "")
                + (client.lane().blocks() ? "b" : "");
        String last =
                session.lastCommand().operation.name().toLowerCase(Locale.ROOT).replace(' ', '|');
        return "id=" + client.connection().id()
                + " addr=" + client.connection().clientText()
                + " laddr=" + Address.format(client.connection().local())
                + " name=" + text(session.name())
                + " age=" + seconds(loop, client.connection().openedNanos())
                + " idle=" + seconds(loop, session.lastNanos())
                + " flags=" + (flags.isEmpty() ? "N" : flags)
                + " db=" + session.database()
                + " sub=" + loop.pubSub.subscriptions(client, Topic.Kind.CHANNEL)
                + " psub=" + loop.pubSub.subscriptions(client, Topic.Kind.PATTERN)
                + " ssub=" + loop.pubSub.subscriptions(client, Topic.Kind.SHARD)
                + " multi=" + (transacts && transaction != null ? transaction.queued() : -1)
                + " cmd=" + last
                + " user=" + session.userName()
                + " redir=-1 resp=" + (session.resp3() ? 3 : 2)
                + " lib-name=" + text(session.library())
                + " lib-ver=" + text(session.libraryVersion())
                + "\n";
    }

    private static String text(@Nullable String value) {
        return value == null ? "" : value;
    }

    /** How long ago that was. */
    static long seconds(ProxyLoop loop, long nanos) {
        return TimeUnit.NANOSECONDS.toSeconds(loop.clock.nanoTime() - nanos);
    }
}
