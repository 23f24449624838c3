package dev.weir.redis;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What is asked of the servers, and answered for the proxy as a whole: INFO, CONFIG GET, COMMAND. One per loop. */
final class ServerCommands {
    /** Of the configuration of shards: how to get into them. */
    private static final Set<String> SECRETS = Set.of(
            "requirepass",
            "masterauth",
            "masteruser",
            "primaryauth",
            "primaryuser",
            "tls-key-file-pass",
            "tls-client-key-file-pass");

    /** And of modules, whose settings are not known: names that end so. */
    private static final List<String> SECRET_ENDS = List.of("password", "-pass", "-global-user");

    private static final String PROXY = "proxy";

    private final ProxyLoop home;
    private final Scattering scattering;

    ServerCommands(ProxyLoop home, Scattering scattering) {
        this.home = home;
        this.scattering = scattering;
    }

    private static boolean isSecret(@Nullable String setting) {
        return setting != null
                && (SECRETS.contains(setting) || SECRET_ENDS.stream().anyMatch(setting::endsWith));
    }

    void command(Plan plan, ProxyClient client, Call call, CommandReader command, ByteBuf buf) {
        switch (plan) {
            case INFO -> info(client, call, command, buf);
            case CONFIG_GET -> configGet(client, call, command, buf);
            case COMMANDS -> commands(client, call, command, buf);
            default -> throw new IllegalArgumentException(plan + " is not about servers");
        }
    }

    // ---- INFO

    private void info(ProxyClient client, Call call, CommandReader command, ByteBuf buf) {
        Set<String> sections = new HashSet<>();
        for (int i = 1; i < command.count(); i++) {
            sections.add(LocalCommands.text(command, buf, i).toLowerCase(Locale.ROOT));
        }
        boolean named = sections.remove(PROXY);
        boolean resp3 = client.session().resp3();
        if (named && sections.isEmpty()) {
            LocalCommands.answer(home, call, client, out -> Resp.text(out, ownSection(), resp3));
            return;
        }
        boolean own = named
                || sections.isEmpty()
                || sections.contains("default")
                || sections.contains("all")
                || sections.contains("everything");
        ByteBuf request = home.allocator().buffer();
        Resp.arrayHeader(request, command.count() - (named ? count(command, buf) : 0));
        for (int i = 0; i < command.count(); i++) {
            if (i == 0 || !command.is(buf, i, "PROXY")) {
                LocalCommands.copy(request, command, buf, i);
            }
        }
        scattering.toAll(client, call, request, shards -> new Merge(home, call, shards) {
            @Override
            void write(ByteBuf out) {
                InfoText info = new InfoText();
                for (int i = 0; i < parts.length; i++) {
                    info.add(new AnswerWalk(text(i)).text());
                }
                String text = info.text();
                String gap = text.isEmpty() || text.endsWith("\r\n\r\n") ? "" : "\r\n";
                Resp.text(out, own ? text + gap + ownSection() : text, resp3);
            }
        });
        request.release();
    }

    private static int count(CommandReader command, ByteBuf buf) {
        int count = 0;
        for (int i = 1; i < command.count(); i++) {
            count += command.is(buf, i, "PROXY") ? 1 : 0;
        }
        return count;
    }

    private String ownSection() {
        ProxyMetrics metrics = home.metrics;
        int shards = 0;
        for (Shards each : home.shards()) {
            shards += each.owners().size();
        }
        return "# Proxy\r\nproxy_name:weir\r\nproxy_version:" + version()
                + "\r\nproxy_event_loops:" + home.loops.size()
                + "\r\nproxy_connected_clients:" + metrics.clients.sum()
                + "\r\nproxy_clusters:" + home.settings.routes().clusters().size()
                + "\r\nproxy_shards:" + shards
                + "\r\nproxy_protocol_errors:" + metrics.protocolErrors.sum()
                + "\r\nproxy_unsupported_commands:" + metrics.unsupported.sum()
                + "\r\nproxy_denied_commands:" + metrics.denied.sum()
                + "\r\nproxy_cross_shard_errors:" + metrics.crossShard.sum()
                + "\r\nproxy_forward_errors:" + metrics.forwardErrors.sum()
                + "\r\nproxy_fragments:" + metrics.fragments.sum()
                + "\r\nproxy_redirections:" + metrics.redirections.sum()
                + "\r\nproxy_retries:" + metrics.retries.sum()
                + "\r\n";
    }

    /** That of the jar. */
    private static String version() {
        String version = ServerCommands.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    // ---- of any shard, and not as it is

    private abstract static class One extends Merge {
        One(ProxyLoop home, Call whole) {
            super(home, whole, 1);
        }

        @Override
        void write(ByteBuf out) {
            write(out, new AnswerWalk(text(0)));
        }

        abstract void write(ByteBuf out, AnswerWalk answer);
    }

    private void ask(ProxyClient client, Call call, One one, ByteBuf buf, int from, int length) {
        Cluster cluster = home.settings.routes().keyless().cluster();
        Endpoint endpoint = home.shards(cluster).any(client.hash());
        if (endpoint == null) {
            call.parts = null;
            home.dispatch.places().noShard(call, cluster);
        } else {
            client.links().to(cluster, endpoint).send(one.part(length), buf, from, length);
        }
    }

    private void configGet(ProxyClient client, Call call, CommandReader command, ByteBuf buf) {
        One one = new One(home, call) {
            @Override
            void write(ByteBuf out, AnswerWalk answer) {
                int from = answer.at();
                int values = answer.enter();
                answer.copy(out, from);
                for (int i = 0; i < values; i += 2) {
                    from = answer.at();
                    String name = answer.text().toLowerCase(Locale.ROOT);
                    answer.copy(out, from);
                    from = answer.at();
                    answer.skip();
                    if (isSecret(name)) {
                        Resp.bulk(out, "");
                    } else {
                        answer.copy(out, from);
                    }
                }
            }
        };
        ask(client, call, one, buf, command.start(), command.end() - command.start());
    }

    // ---- COMMAND

    private void commands(ProxyClient client, Call call, CommandReader command, ByteBuf buf) {
        boolean resp3 = client.session().resp3();
        switch (call.info.operation.name()) {
            case "COMMAND COUNT":
                ByteBuf all = home.allocator().buffer(32);
                Resp.arrayHeader(all, 1);
                Resp.bulk(all, "COMMAND");
                ask(client, call, new Supported(home, call, false, resp3, true), all, 0, all.readableBytes());
                all.release();
                break;
            case "COMMAND INFO":
                askFor(client, call, command, buf, new Supported(home, call, command.count() > 2, resp3, false));
                break;
            default:
                askFor(client, call, command, buf, new Supported(home, call, false, resp3, false));
        }
    }

    private void askFor(ProxyClient client, Call call, CommandReader command, ByteBuf buf, One one) {
        ask(client, call, one, buf, command.start(), command.end() - command.start());
    }

    /** A list of commands without those that the proxy does not support: of names, of arrays that begin with one, or of names and texts. */
    private static final class Supported extends One {
        /** Whether the others are there as null. */
        private final boolean nulls;

        private final boolean resp3;
        private final boolean counts;

        Supported(ProxyLoop home, Call whole, boolean nulls, boolean resp3, boolean counts) {
            super(home, whole);
            this.nulls = nulls;
            this.resp3 = resp3;
            this.counts = counts;
        }

        @Override
        void write(ByteBuf out, AnswerWalk answer) {
            boolean map = whole().info.operation.name().equals("COMMAND DOCS");
            char type = answer.type();
            int values = answer.enter();
            int kept = 0;
            ByteBuf list = home.allocator().buffer();
            try {
                for (int i = 0; i < values; i += map ? 2 : 1) {
                    int from = answer.at();
                    String name = name(answer);
                    if (map) {
                        answer.skip();
                    }
                    if (name == null || home.plans.supports(name)) {
                        kept++;
                        answer.copy(list, from);
                    } else if (nulls) {
                        kept++;
                        list.writeCharSequence(resp3 ? "_\r\n" : "*-1\r\n", StandardCharsets.US_ASCII);
                    }
                }
                if (counts) {
                    Resp.integer(out, kept);
                } else if (map) {
                    Resp.mapHeader(out, kept, type == '%');
                    out.writeBytes(list);
                } else {
                    Resp.header(out, type, kept);
                    out.writeBytes(list);
                }
            } finally {
                list.release();
            }
        }

        /** Passes an element; answers the name that it has or begins with, or null if it is nothing. */
        private static @Nullable String name(AnswerWalk answer) {
            char type = answer.type();
            if (type != '*' && type != '~') {
                return type == '_' ? skipped(answer) : answer.text();
            }
            AnswerWalk inside = answer.fork();
            answer.skip();
            return inside.enter() > 0 ? inside.text() : null;
        }

        private static @Nullable String skipped(AnswerWalk answer) {
            answer.skip();
            return null;
        }
    }
}
