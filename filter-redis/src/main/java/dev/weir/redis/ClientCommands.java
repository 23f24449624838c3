package dev.weir.redis;

import io.netty.buffer.ByteBuf;
import java.util.Locale;
import java.util.Set;

/** The sub-commands of CLIENT, and who the client is: about the client's connection to the proxy, never about those to the shards. */
final class ClientCommands {
    static final String BAD_NAME = "ERR Client names cannot contain spaces, newlines or special characters.";

    private static final Set<String> ANSWERED = Set.of(
            "ACL WHOAMI",
            "CLIENT ID",
            "CLIENT GETNAME",
            "CLIENT SETNAME",
            "CLIENT SETINFO",
            "CLIENT INFO",
            "CLIENT LIST",
            "CLIENT KILL",
            "CLIENT REPLY",
            "CLIENT NO-EVICT",
            "CLIENT NO-TOUCH",
            "CLIENT GETREDIR");

    private final ProxyLoop home;
    private final ClientList list;

    ClientCommands(ProxyLoop home) {
        this.home = home;
        this.list = new ClientList(home);
    }

    /** Whether a sub-command is answered, by its full name. */
    static boolean answers(String name) {
        return ANSWERED.contains(name);
    }

    /** Whether a sub-command is about other clients, too. */
    static boolean concernsOthers(CommandInfo info) {
        return info.operation.name().equals("CLIENT LIST")
                || info.operation.name().equals("CLIENT KILL");
    }

    void command(ProxyClient client, Call call, CommandReader command, ByteBuf buf) {
        if (concernsOthers(call.info) && home.settings.upstream().fromClient()) {
            refuse(call, "who may see or close others is for the shards to say, and they are not asked");
            return;
        }
        ProxySession session = client.session();
        switch (call.info.operation.name()) {
            case "ACL WHOAMI":
                answer(client, call, out -> Resp.bulk(out, session.userName()));
                break;
            case "CLIENT ID":
                answer(
                        client,
                        call,
                        out -> Resp.integer(out, client.connection().id()));
                break;
            case "CLIENT GETNAME":
                answer(client, call, out -> {
                    String name = session.name();
                    if (name == null) {
                        Resp.nil(out, session.resp3());
                    } else {
                        Resp.bulk(out, name);
                    }
                });
                break;
            case "CLIENT SETNAME":
                setName(client, call, LocalCommands.text(command, buf, 2));
                break;
            case "CLIENT SETINFO":
                setInfo(client, call, command, buf);
                break;
            case "CLIENT INFO":
                answer(client, call, out -> Resp.text(out, ClientList.line(home, client), session.resp3()));
                break;
            case "CLIENT LIST":
                list.list(client, call, command, buf);
                break;
            case "CLIENT KILL":
                list.kill(client, call, command, buf);
                break;
            case "CLIENT REPLY":
                reply(client, call, LocalCommands.text(command, buf, 2).toUpperCase(Locale.ROOT));
                break;
            case "CLIENT NO-EVICT", "CLIENT NO-TOUCH":
                onOrOff(client, call, LocalCommands.text(command, buf, 2).toUpperCase(Locale.ROOT));
                break;
            case "CLIENT GETREDIR":
                answer(client, call, out -> Resp.integer(out, -1));
                break;
            default:
                refuse(call, "it concerns connections to one server");
        }
    }

    private void refuse(Call call, String why) {
        home.metrics.unsupported.increment();
        home.fail(call, "ERR " + call.info.operation.name() + " is not supported by redis_proxy: " + why);
    }

    private void answer(ProxyClient client, Call call, LocalCommands.Answer answer) {
        LocalCommands.answer(home, call, client, answer);
    }

    private void ok(ProxyClient client, Call call) {
        answer(client, call, out -> Resp.status(out, "OK"));
    }

    /** As the server has it: what can be printed and is no blank. */
    static boolean isName(String name) {
        return name.chars().allMatch(c -> c >= '!' && c <= '~');
    }

    private void setName(ProxyClient client, Call call, String name) {
        if (isName(name)) {
            client.session().name(name);
            ok(client, call);
        } else {
            home.fail(call, BAD_NAME);
        }
    }

    private void setInfo(ProxyClient client, Call call, CommandReader command, ByteBuf buf) {
        String what = LocalCommands.text(command, buf, 2);
        String value = LocalCommands.text(command, buf, 3);
        boolean name = what.equalsIgnoreCase("lib-name");
        if (!name && !what.equalsIgnoreCase("lib-ver")) {
            home.fail(call, "ERR Unrecognized option '" + Dispatch.shown(command, buf, 2) + "'");
        } else if (!isName(value)) {
            home.fail(
                    call,
                    "ERR " + (name ? "lib-name" : "lib-ver")
                            + " cannot contain spaces, newlines or special characters.");
        } else {
            if (name) {
                client.session().library(value);
            } else {
                client.session().libraryVersion(value);
            }
            ok(client, call);
        }
    }

    private void reply(ProxyClient client, Call call, String mode) {
        switch (mode) {
            case "ON":
                client.session().repliesOn();
                call.silent = false;
                ok(client, call);
                break;
            case "OFF":
                client.session().repliesOff();
                call.silent = true;
                ok(client, call);
                break;
            case "SKIP":
                client.session().skipNext();
                call.silent = true;
                ok(client, call);
                break;
            default:
                home.fail(call, "ERR syntax error");
        }
    }

    private void onOrOff(ProxyClient client, Call call, String mode) {
        if (mode.equals("ON") || mode.equals("OFF")) {
            ok(client, call);
        } else {
            home.fail(call, "ERR syntax error");
        }
    }
}
