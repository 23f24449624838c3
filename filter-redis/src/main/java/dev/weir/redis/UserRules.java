package dev.weir.redis;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.protocol.Command.Kind;
import dev.weir.core.protocol.CommandChoice;
import io.netty.buffer.ByteBuf;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What one user of a proxy may do. Commands are judged once, when the configuration is read; keys with each command. Immutable, shared by all loops.
 */
final class UserRules {
    /** They have keys, and reach others as well. */
    private static final Set<String> SCRIPTS = Set.of("EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO", "FCALL", "FCALL_RO");
    /** They show or remove the keys of all users, however they are named. */
    private static final Set<String> WHOLE_DATABASE =
            Set.of("KEYS", "SCAN", "RANDOMKEY", "DBSIZE", "FLUSHALL", "FLUSHDB");
    /** They are about other clients: only for who has been given them by name. */
    private static final Set<String> OTHER_CLIENTS = Set.of("CLIENT LIST", "CLIENT KILL");
    /** They touch no key, and change nothing. */
    private static final Set<String> HARMLESS = Set.of("INFO", "LASTSAVE", "LOLWUT", "ROLE");

    /** By the index of a command. */
    private final boolean[] allowed;

    private final byte[][] prefixes;

    private UserRules(boolean[] allowed, byte[][] prefixes) {
        this.allowed = allowed;
        this.prefixes = prefixes;
    }

    /** Reads {@code commands}, {@code key_prefixes} and {@code read_only} of a user; null if there is none of them. */
    static @Nullable UserRules read(ConfigNode user, CommandTable table) {
        boolean readOnly = user.bool("read_only", false);
        if (!readOnly && !user.has("commands") && !user.has("key_prefixes")) {
            return null;
        }
        ConfigNode commands = user.section("commands");
        Set<String> known =
                table.all().stream().map(info -> info.operation.name()).collect(Collectors.toUnmodifiableSet());
        CommandChoice allow = commands.has("allow") ? CommandChoice.read(commands, "allow", "redis", known) : null;
        CommandChoice deny = commands.has("deny") ? CommandChoice.read(commands, "deny", "redis", known) : null;
        if (user.has("commands") && allow == null && deny == null) {
            commands.error("empty (expected: allow, deny, or both)");
        }
        Set<String> named = new HashSet<>();
        commands.list("allow")
                .forEach(node -> named.add(node.text().replace('|', ' ').toUpperCase(Locale.ROOT)));
        commands.rejectUnknown();
        byte[][] prefixes = prefixes(user);
        boolean[] allowed = new boolean[table.all().size()];
        for (CommandInfo info : table.all()) {
            String name = info.operation.name();
            boolean byName =
                    named.contains(name) || info.parent != null && named.contains(info.parent.operation.name());
            allowed[info.index] = info.index == 0 // of no table: refused as such
                    || (deny == null || !deny.contains(name, info.role))
                            && (allow == null || info.role == Kind.LOGIN || allow.contains(name, info.role))
                            && (byName || !OTHER_CLIENTS.contains(name))
                            && (!readOnly || reads(info))
                            && (prefixes.length == 0 || stays(info, byName));
        }
        return new UserRules(allowed, prefixes);
    }

    private static byte[][] prefixes(ConfigNode user) {
        List<ConfigNode> nodes = user.list("key_prefixes");
        if (nodes.isEmpty() && user.has("key_prefixes")) {
            user.error("key_prefixes", "empty (expected: at least one)");
        }
        byte[][] prefixes = new byte[nodes.size()][];
        for (int i = 0; i < prefixes.length; i++) {
            String prefix = nodes.get(i).text();
            if (prefix.isEmpty()) {
                nodes.get(i).error("empty (expected: what keys begin with)");
            }
            prefixes[i] = ProxySettings.bytes(prefix);
        }
        return prefixes;
    }

    private static boolean reads(CommandInfo info) {
        String name = info.operation.name();
        return info.role != Kind.WRITE || tells(info) || OTHER_CLIENTS.contains(name);
    }

    /** Whether it touches no key and changes nothing, but for messages that are heard. */
    private static boolean tells(CommandInfo info) {
        String name = info.operation.name();
        return info.kind.subscribes()
                || HARMLESS.contains(name)
                || name.startsWith("PUBSUB ")
                || name.endsWith(" HELP");
    }

    /** Whether it touches no other keys than those it names. */
    private static boolean stays(CommandInfo info, boolean byName) {
        String name = info.operation.name();
        if (WHOLE_DATABASE.contains(name)) {
            return false;
        }
        boolean itsKeysOnly = info.readsKeys() && !SCRIPTS.contains(name);
        boolean none = info.role == Kind.SESSION || info.role == Kind.LOGIN || tells(info);
        return byName || itsKeysOnly || none || name.equals("PUBLISH") || name.equals("SPUBLISH");
    }

    /** The error for a user who may not send this command, as servers word it; null for one who may. */
    @Nullable
    String refusal(CommandInfo info, CommandReader command, ByteBuf buf, KeyFinder keys) {
        if (!allowed[info.index]) {
            return "NOPERM this user has no permissions to run the '"
                    + info.operation.name().toLowerCase(Locale.ROOT).replace(' ', '|') + "' command";
        }
        if (prefixes.length == 0 || !info.readsKeys()) {
            return null;
        }
        if (!keys.find(info, command, buf)) {
            return "NOPERM this user has no permissions to access keys that cannot be told";
        }
        for (int i = 0; i < keys.size(); i++) {
            if (!begins(command, buf, keys.position(i))) {
                return "NOPERM this user has no permissions to access one of the keys used as arguments: '"
                        + Dispatch.shown(command, buf, keys.position(i)) + "'";
            }
        }
        return SortPatterns.of(info) && SortPatterns.any(command, buf)
                ? "NOPERM this user has no permissions to access the keys that BY and GET of SORT make up"
                : null;
    }

    private boolean begins(CommandReader command, ByteBuf buf, int argument) {
        int from = command.start() + command.at(argument);
        for (byte[] prefix : prefixes) {
            if (command.length(argument) >= prefix.length) {
                int i = 0;
                while (i < prefix.length && buf.getByte(from + i) == prefix[i]) {
                    i++;
                }
                if (i == prefix.length) {
                    return true;
                }
            }
        }
        return false;
    }
}
