package dev.weir.redis;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.filter.CloseReason;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Answers what concerns a client's connection only. One per loop. */
final class LocalCommands {
    /** What HELLO and INFO call this server's version: that of the commands it knows. */
    static final String VERSION = "7.4.0";

    private final ProxyLoop home;
    private final ClientCommands clients;

    LocalCommands(ProxyLoop home) {
        this.home = home;
        this.clients = new ClientCommands(home);
    }

    void command(Plan plan, ProxyClient client, Call call, CommandReader command, ByteBuf buf) {
        switch (plan) {
            case PING:
                ping(client, call, command, buf);
                break;
            case ECHO:
                answer(call, client, out -> copy(out, command, buf, 1));
                break;
            case QUIT:
                answer(call, client, out -> Resp.status(out, "OK"));
                client.closeBehindAnswers(CloseReason.COMPLETE);
                break;
            case AUTH:
                auth(client, call, command, buf);
                break;
            case HELLO:
                hello(client, call, command, buf);
                break;
            case SELECT:
                select(client, call, text(command, buf, 1));
                break;
            case RESET:
                client.forgetTransaction();
                home.pubSub.left(client);
                client.session().reset();
                client.changed();
                call.silent = false;
                answer(call, client, out -> Resp.status(out, "RESET"));
                break;
            case TIME:
                answer(call, client, this::time);
                break;
            case CLIENT:
                clients.command(client, call, command, buf);
                break;
            default:
                throw new IllegalArgumentException(plan + " is not answered here");
        }
    }

    /** Writes an answer. */
    interface Answer {
        void write(ByteBuf out);
    }

    private void answer(Call call, ProxyClient client, Answer answer) {
        answer(home, call, client, answer);
    }

    /** The call has its answer. */
    static void answer(ProxyLoop home, Call call, ProxyClient client, Answer answer) {
        ByteBuf out = home.allocator().buffer(64);
        answer.write(out);
        call.byWeir = true;
        call.responseBytes = out.readableBytes();
        call.end = call.start;
        client.answerWhole(call, out);
    }

    static String text(CommandReader command, ByteBuf buf, int argument) {
        return buf.toString(command.start() + command.at(argument), command.length(argument), StandardCharsets.UTF_8);
    }

    static byte[] bytes(CommandReader command, ByteBuf buf, int argument) {
        byte[] bytes = new byte[command.length(argument)];
        buf.getBytes(command.start() + command.at(argument), bytes);
        return bytes;
    }

    static void copy(ByteBuf out, CommandReader command, ByteBuf buf, int argument) {
        Resp.bulk(out, buf, command.start() + command.at(argument), command.length(argument));
    }

    private void ping(ProxyClient client, Call call, CommandReader command, ByteBuf buf) {
        if (command.count() > 2) {
            home.fail(call, "ERR wrong number of arguments for 'ping' command");
        } else if (command.count() == 2) {
            answer(call, client, out -> copy(out, command, buf, 1));
        } else {
            answer(call, client, out -> Resp.status(out, "PONG"));
        }
    }

    private void time(ByteBuf out) {
        long micros = home.clock.epochMicros(home.clock.nanoTime());
        Resp.arrayHeader(out, 2);
        Resp.bulk(out, Long.toString(micros / 1_000_000));
        Resp.bulk(out, Long.toString(micros % 1_000_000));
    }

    // ---- logging in

    private void auth(ProxyClient client, Call call, CommandReader command, ByteBuf buf) {
        if (command.count() > 3) {
            home.fail(call, "ERR syntax error");
            return;
        }
        if (home.settings.upstream().fromClient()) {
            String name = command.count() == 2 ? null : text(command, buf, 1);
            RedisLogin login = RedisLogin.of(name, text(command, buf, command.count() - 1));
            ProxySession session = client.session();
            Runnable accepted = () -> loggedIn(client, name, login);
            LinkKind kind = new LinkKind(session.resp3(), session.database(), login);
            probe(client, call, kind, accepted, out -> Resp.status(out, "OK"), null);
            return;
        }
        ProxyUsers users = home.settings.users();
        if (!users.required()) {
            home.fail(
                    call,
                    "ERR AUTH <password> called without any password configured for the default user."
                            + " Are you sure your configuration is correct?");
            return;
        }
        String user = command.count() == 2 ? Session.DEFAULT_USER : text(command, buf, 1);
        if (accepts(user, command, buf, command.count() - 1)) {
            client.session().user(user, users.rules(user));
            answer(call, client, out -> Resp.status(out, "OK"));
        } else {
            home.fail(call, "WRONGPASS invalid username-password pair or user is disabled.");
        }
    }

    /** The shards know the client. */
    private static void loggedIn(ProxyClient client, @Nullable String name, RedisLogin login) {
        client.session().user(name == null ? Session.DEFAULT_USER : name, null);
        client.session().login(login);
        client.changed();
    }

    private boolean accepts(String user, CommandReader command, ByteBuf buf, int passwordAt) {
        byte[] password = new byte[command.length(passwordAt)];
        buf.getBytes(command.start() + command.at(passwordAt), password);
        boolean accepted = home.settings.users().accept(user, password);
        java.util.Arrays.fill(password, (byte) 0);
        return accepted;
    }

    private void hello(ProxyClient client, Call call, CommandReader command, ByteBuf buf) {
        int version = client.session().resp3() ? 3 : 2;
        int at = 1;
        if (command.count() > 1) {
            String wanted = text(command, buf, 1);
            if (!wanted.equals("2") && !wanted.equals("3")) {
                home.fail(
                        call,
                        wanted.matches("-?[0-9]{1,18}")
                                ? "NOPROTO unsupported protocol version"
                                : "ERR Protocol version is not an integer or out of range");
                return;
            }
            version = wanted.equals("3") ? 3 : 2;
            at = 2;
        }
        String name = null;
        RedisLogin login = null;
        String user = null;
        for (; at < command.count(); at++) {
            String option = text(command, buf, at).toUpperCase(Locale.ROOT);
            if (option.equals("AUTH") && at + 2 < command.count()) {
                user = text(command, buf, at + 1);
                if (home.settings.upstream().fromClient()) {
                    login = RedisLogin.of(user, text(command, buf, at + 2));
                } else if (!accepts(user, command, buf, at + 2)) {
                    home.fail(call, "WRONGPASS invalid username-password pair or user is disabled.");
                    return;
                }
                at += 2;
            } else if (option.equals("SETNAME") && at + 1 < command.count()) {
                name = text(command, buf, ++at);
            } else {
                home.fail(call, "ERR Syntax error in HELLO option '" + Dispatch.shown(command, buf, at) + "'");
                return;
            }
        }
        if (user == null && client.mustLogIn()) {
            home.fail(
                    call,
                    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH"
                            + " <user> <pass> option can be used to authenticate the client and select the RESP protocol"
                            + " version at the same time");
            return;
        }
        if (name != null && !ClientCommands.isName(name)) {
            home.fail(call, ClientCommands.BAD_NAME);
            return;
        }
        speak(client, call, version == 3, name, user, login);
    }

    private void speak(
            ProxyClient client,
            Call call,
            boolean resp3,
            @Nullable String name,
            @Nullable String user,
            @Nullable RedisLogin login) {
        ProxySession session = client.session();
        Runnable accepted = () -> {
            session.resp3(resp3);
            if (login != null) {
                loggedIn(client, user, login);
            } else {
                if (user != null) {
                    session.user(user, home.settings.users().rules(user));
                }
                client.changed();
            }
            if (name != null) {
                session.name(name);
            }
        };
        Answer greeting = out -> greet(out, client);
        if (resp3 == session.resp3() && login == null) {
            accepted.run();
            answer(call, client, greeting);
        } else {
            RedisLogin its = login == null ? session.kind().login() : login;
            LinkKind kind = new LinkKind(resp3, session.database(), its);
            probe(
                    client,
                    call,
                    kind,
                    accepted,
                    greeting,
                    login == null ? "NOPROTO unsupported protocol version" : null);
        }
    }

    private void greet(ByteBuf out, ProxyClient client) {
        boolean resp3 = client.session().resp3();
        Resp.mapHeader(out, 7, resp3);
        Resp.bulk(out, "server");
        Resp.bulk(out, "redis");
        Resp.bulk(out, "version");
        Resp.bulk(out, VERSION);
        Resp.bulk(out, "proto");
        Resp.integer(out, resp3 ? 3 : 2);
        Resp.bulk(out, "id");
        Resp.integer(out, client.connection().id());
        Resp.bulk(out, "mode");
        Resp.bulk(out, "standalone");
        Resp.bulk(out, "role");
        Resp.bulk(out, "master");
        Resp.bulk(out, "modules");
        Resp.arrayHeader(out, 0);
    }

    /** What a client is told of a shard that did not let a connection begin. */
    private static String refusal(String shard) {
        if (shard.endsWith("WRONGPASS")) {
            return "WRONGPASS invalid username-password pair or user is disabled.";
        }
        if (shard.endsWith("NOAUTH")) {
            return "NOAUTH Authentication required.";
        }
        return shard.startsWith("log-in: ") ? "ERR " + shard : shard;
    }

    private void select(ProxyClient client, Call call, String index) {
        if (!index.matches("[0-9]{1,9}")) {
            boolean number = index.matches("-?[0-9]{1,18}");
            home.fail(call, "ERR " + (number ? "DB index is out of range" : "value is not an integer or out of range"));
            return;
        }
        int database = Integer.parseInt(index);
        if (database > 0 && home.settings.variant().fixed()) {
            home.fail(call, "ERR DB index is out of range");
            return;
        }
        ProxySession session = client.session();
        Answer ok = out -> Resp.status(out, "OK");
        if (database == session.database()) {
            answer(call, client, ok);
            return;
        }
        Runnable accepted = () -> {
            session.database(database);
            client.changed();
        };
        if (database == 0) {
            accepted.run();
            answer(call, client, ok);
        } else {
            probe(
                    client,
                    call,
                    new LinkKind(session.resp3(), database, session.kind().login()),
                    accepted,
                    ok,
                    null);
        }
    }

    /**
     * Asks a shard whether it takes connections of this kind; the client waits for the answer.
     *
     * @param refused the error if it does not; null for the shard's own
     */
    private void probe(
            ProxyClient client, Call call, LinkKind kind, Runnable accepted, Answer answer, @Nullable String refused) {
        Cluster cluster = home.settings.routes().keyless().cluster();
        Endpoint endpoint = home.shards(cluster).any(client.hash());
        if (endpoint == null) {
            home.dispatch.places().noShard(call, cluster);
            return;
        }
        client.raise();
        // A log-in is tried on a connection of its own: on one that others have made it would not be asked for.
        RedisLogin before = client.session().kind().login();
        boolean fresh = kind.login() != null && !kind.login().equals(before);
        LinkSet links = fresh ? new LinkSet(home, kind, false) : home.links(kind);
        Merge asking = new Merge(home, call, 1) {
            @Override
            void write(ByteBuf out) {
                try {
                    accepted.run();
                    answer.write(out);
                } finally {
                    goOn();
                }
            }

            @Override
            void writeWithFailures(ByteBuf out) {
                ShardLink asked = parts[0].link;
                String refusal = asked == null ? null : asked.refusal();
                if (refusal == null) {
                    writeFailure(out);
                } else {
                    boolean login = refusal.endsWith("WRONGPASS") || refusal.endsWith("NOAUTH");
                    Resp.error(out, refused == null || login ? refusal(refusal) : refused);
                }
                goOn();
            }

            @Override
            void abandon() {
                super.abandon();
                end();
            }

            private void end() {
                if (fresh) {
                    links.close();
                }
                home.drop(kind); // if nobody uses it
            }

            private void goOn() {
                end();
                client.lower(); // only now, as what follows is read at once
            }
        };
        links.to(cluster, endpoint)
                .send(asking.part(Resp.PING.readableBytes()), Resp.PING, 0, Resp.PING.readableBytes());
    }
}
