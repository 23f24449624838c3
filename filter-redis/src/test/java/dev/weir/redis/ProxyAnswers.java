package dev.weir.redis;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** What is left of an answer where two servers may differ, and a proxy means to: order, times, some texts of errors. */
final class ProxyAnswers {
    /** In which order their elements come is not said. */
    private static final Set<String> UNORDERED = Set.of(
            "KEYS",
            "SMEMBERS",
            "SINTER",
            "SUNION",
            "SDIFF",
            "SSCAN",
            "SPOP",
            "SRANDMEMBER",
            "HKEYS",
            "HVALS",
            "HGETALL",
            "HSCAN",
            "HRANDFIELD",
            "ZSCAN",
            "ZRANDMEMBER",
            "FUNCTION LIST",
            "ACL CAT",
            "CONFIG GET");

    /** What is a time, or random, and what is left of it. */
    private static final Map<String, Map<Pattern, String>> VAGUE = Map.ofEntries(
            Map.entry("TTL", Map.of(Pattern.compile(":\\d{3,}"), ":long")),
            Map.entry("PTTL", Map.of(Pattern.compile(":\\d{3,}"), ":long")),
            Map.entry("HTTL", Map.of(Pattern.compile(":\\d{3,}"), ":long")),
            Map.entry("HPTTL", Map.of(Pattern.compile(":\\d{3,}"), ":long")),
            Map.entry("EXPIRETIME", Map.of(Pattern.compile(":1\\d{9}"), ":time")),
            Map.entry("PEXPIRETIME", Map.of(Pattern.compile(":1\\d{12}"), ":time")),
            Map.entry("HEXPIRETIME", Map.of(Pattern.compile(":1\\d{9}"), ":time")),
            Map.entry("HPEXPIRETIME", Map.of(Pattern.compile(":1\\d{12}"), ":time")),
            Map.entry("PUBSUB NUMPAT", Map.of(Pattern.compile(":\\d"), ":some")),
            Map.entry("OBJECT IDLETIME", Map.of(Pattern.compile(":\\d"), ":short")),
            Map.entry("LASTSAVE", Map.of(Pattern.compile("\\d+"), "time")),
            Map.entry("ACL GENPASS", Map.of(Pattern.compile("[0-9a-f]+\r\n$"), "secret")),
            Map.entry("HELLO", Map.of(Pattern.compile("(?s)^[*%].*proto\r\n(:.).*"), "$1")),
            Map.entry(
                    "XPENDING", Map.of(Pattern.compile("(?<=\\$\\d\r\n)(\\w+\r\n):\\d+(\r\n:\\d+\r\n)"), "$1:idle$2")),
            Map.entry("XINFO CONSUMERS", Map.of(Pattern.compile("(idle|inactive)\r\n:-?\\d+"), "$1")),
            Map.entry("XINFO STREAM", Map.of(Pattern.compile(":\\d{11,}"), ":time")));

    /** The proxy has a text of its own, with the same code: it cannot tell where the keys are, or knows other sub-commands. */
    private static final List<Pattern> OWN_ERRORS = List.of(
            Pattern.compile("^-ERR the keys of .* cannot be told: .*"),
            Pattern.compile("^-ERR unknown subcommand of .*"));

    /** By which names keys are stored; null if by those of clients. */
    private final Pattern stored;

    /** @param stored what fits a stored name, and in its first group has the client's; or what fits nothing */
    ProxyAnswers(String stored) {
        this.stored = Pattern.compile(stored);
    }

    private static String vague(CommandInfo info, String answer) {
        String name = info.operation.name();
        String text = answer;
        for (Map.Entry<Pattern, String> each :
                VAGUE.getOrDefault(name, Map.of()).entrySet()) {
            text = each.getKey().matcher(text).replaceAll(each.getValue());
        }
        if (UNORDERED.contains(name)) {
            String[] lines = text.split("\r\n", -1);
            Arrays.sort(lines);
            return String.join("\r\n", lines);
        }
        return text;
    }

    /** What the proxy has answered, if it is as good as {@code expected}, is {@link #expected} of that. */
    String found(CommandInfo info, String expected, String answer) {
        if (answer.startsWith("-")) {
            if (expected.startsWith(code(answer))
                    && OWN_ERRORS.stream().anyMatch(own -> own.matcher(answer).lookingAt())) {
                return expected;
            }
            String told = stored.matcher(answer).replaceAll("$1");
            // Of the arguments of an unknown command a server shows as many bytes, longer names included.
            return !told.equals(answer) && told.startsWith("-ERR unknown command") ? expected : told;
        }
        return vague(info, answer);
    }

    String expected(CommandInfo info, String answer) {
        return answer.startsWith("-") ? answer : vague(info, answer);
    }

    private static String code(String error) {
        return error.substring(0, error.indexOf(' ') + 1);
    }
}
