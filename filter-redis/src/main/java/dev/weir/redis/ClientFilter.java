package dev.weir.redis;

import dev.weir.core.config.Address;
import io.netty.buffer.ByteBuf;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Which clients CLIENT LIST and CLIENT KILL are about: those for which all conditions hold. Made on one loop, then asked by all. */
final class ClientFilter {
    private static final Set<String> TYPES = Set.of("normal", "pubsub", "master", "primary", "replica", "slave");

    private final Set<Long> ids = new HashSet<>();
    private @Nullable String address;
    private @Nullable String local;
    private @Nullable String user;
    private @Nullable String type;
    private long maxAge;
    private boolean skipsMe;
    private @Nullable String problem;

    private ClientFilter() {}

    /** The old form of CLIENT KILL. */
    static ClientFilter ofAddress(String address) {
        ClientFilter filter = new ClientFilter();
        filter.address = address;
        return filter;
    }

    /** Reads {@code ID 1 2 TYPE normal ADDR … LADDR … USER … SKIPME yes MAXAGE 10} from the third argument on. */
    static ClientFilter read(ProxyLoop home, CommandReader command, ByteBuf buf, boolean kills) {
        ClientFilter filter = new ClientFilter();
        filter.skipsMe = kills;
        for (int at = 2; at < command.count() && filter.problem == null; ) {
            at = filter.option(home, command, buf, at, kills);
        }
        return filter;
    }

    /** What is wrong with it, or null. */
    @Nullable
    String problem() {
        return problem;
    }

    /** Behind the option and its value. */
    private int option(ProxyLoop home, CommandReader command, ByteBuf buf, int at, boolean kills) {
        if (at + 1 == command.count()) {
            problem = "ERR syntax error";
            return at;
        }
        String value = LocalCommands.text(command, buf, at + 1);
        String lower = value.toLowerCase(Locale.ROOT);
        switch (LocalCommands.text(command, buf, at).toUpperCase(Locale.ROOT)) {
            case "ID":
                return ids(command, buf, at + 1, kills);
            case "ADDR":
                address = value;
                break;
            case "LADDR":
                local = value;
                break;
            case "USER":
                user = value;
                if (!value.equals(Session.DEFAULT_USER)
                        && !home.settings.users().has(value)) {
                    problem = "ERR No such user '" + Dispatch.shown(command, buf, at + 1) + "'";
                }
                break;
            case "TYPE":
                type = lower;
                if (!TYPES.contains(lower)) {
                    problem = "ERR Unknown client type '" + Dispatch.shown(command, buf, at + 1) + "'";
                }
                break;
            case "SKIPME":
                skipsMe = lower.equals("yes");
                problem = skipsMe || lower.equals("no") ? null : "ERR syntax error";
                break;
            case "MAXAGE":
                maxAge = number(value);
                problem = maxAge > 0 ? null : "ERR maxage is not an integer or out of range";
                break;
            default:
                problem = "ERR syntax error";
        }
        return at + 2;
    }

    private int ids(CommandReader command, ByteBuf buf, int from, boolean kills) {
        int at = from;
        for (; at < command.count(); at++) {
            long id = number(LocalCommands.text(command, buf, at));
            if (id <= 0) {
                break;
            }
            ids.add(id);
        }
        if (at == from) {
            problem = kills ? "ERR client-id should be greater than 0" : "ERR Invalid client ID";
        }
        return at;
    }

    private static long number(String text) {
        return text.matches("[0-9]{1,18}") ? Long.parseLong(text) : -1;
    }

    /** On the client's loop. */
    boolean matches(ProxyClient client, ProxyLoop home, @Nullable ProxyClient me) {
        ProxySession session = client.session();
        return (ids.isEmpty() || ids.contains(client.connection().id()))
                && (address == null || address.equals(client.connection().clientText()))
                && (local == null
                        || local.equals(Address.format(client.connection().local())))
                && (user == null || user.equals(session.userName()))
                && (type == null || type.equals(home.pubSub.subscribed(client) ? "pubsub" : "normal"))
                && (maxAge == 0 || ClientList.seconds(home, client.connection().openedNanos()) >= maxAge)
                && !(skipsMe && client == me);
    }
}
