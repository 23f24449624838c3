package dev.weir.redis;

import dev.weir.core.config.ConfigNode;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** How a connection of our own logs in, and what may be told of its failing. Never shown itself. */
final class RedisLogin {
    private static final Pattern CODE = Pattern.compile("[A-Z]{3,20}(?= )");

    private final List<String> command;

    private RedisLogin(List<String> command) {
        this.command = command;
    }

    /** Reads {@code user} and {@code password}, whose names begin with {@code prefix}. */
    static RedisLogin from(ConfigNode node, String prefix) {
        String user = node.string(prefix + "user", null);
        String password = node.string(prefix + "password", null);
        if (user != null && password == null) {
            node.error(
                    prefix + "user",
                    "without " + prefix + "password (expected: both, or " + prefix + "password alone)");
        }
        return of(user, password);
    }

    static RedisLogin of(@Nullable String user, @Nullable String password) {
        if (password == null) {
            return new RedisLogin(List.of());
        }
        List<String> login = new ArrayList<>(List.of("AUTH"));
        if (user != null) {
            login.add(user);
        }
        login.add(password);
        return new RedisLogin(List.copyOf(login));
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof RedisLogin login && command.equals(login.command);
    }

    @Override
    public int hashCode() {
        return command.hashCode();
    }

    /** The command that does it; empty for none. */
    List<String> command() {
        return command;
    }

    /** Of an error to AUTH its code only, if it is one: a server that does not know the command repeats what it was sent. */
    String refusal(String error) {
        Matcher code = CODE.matcher(error);
        boolean told = code.lookingAt() && command.stream().skip(1).noneMatch(secret -> secret.contains(code.group()));
        return "log-in: " + (told ? code.group() : "an error");
    }
}
