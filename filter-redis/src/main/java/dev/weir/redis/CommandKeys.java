package dev.weir.redis;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/** Finds all keys of a command by its {@link KeySpec}s; for the proxy. Not on the way of the sniffer. */
final class CommandKeys {
    private CommandKeys() {}

    /**
     * Positions of the keys, in the order of the specifications.
     *
     * @param count number of arguments, the name counted
     * @param arguments the arguments as upper-case text, by position
     */
    static List<Integer> positions(CommandInfo info, int count, IntFunction<String> arguments) {
        List<Integer> positions = new ArrayList<>();
        for (KeySpec spec : info.keys) {
            if (!spec.isKey()) {
                continue;
            }
            int begin = spec.keyword() == null
                    ? spec.index()
                    : info.kind == CommandInfo.Kind.MIGRATE
                            ? migrate(count, arguments)
                            : keyword(info, spec, count, arguments);
            if (begin > 0 && begin < count) {
                add(positions, spec, begin, count, arguments);
            }
        }
        boolean several = info.kind == CommandInfo.Kind.MIGRATE
                && count > 3
                && arguments.apply(3).isEmpty();
        if (several) {
            positions.remove(Integer.valueOf(3));
        }
        return positions;
    }

    private static void add(
            List<Integer> positions, KeySpec spec, int begin, int count, IntFunction<String> arguments) {
        int first = begin;
        int last;
        if (spec.counted()) {
            long keys = number(begin + spec.last() < count ? arguments.apply(begin + spec.last()) : "");
            first = begin + spec.first();
            last = (int) Math.min(count - 1L, first + (keys - 1) * spec.step());
        } else if (spec.last() >= 0) {
            last = begin + spec.last();
        } else if (spec.limit() > 1) {
            last = begin + (count - begin) / spec.limit() - 1;
        } else {
            last = count + spec.last();
        }
        for (int at = first; at <= last && at < count; at += spec.step()) {
            positions.add(at);
        }
    }

    private static long number(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    /** Behind the keyword, or 0. */
    private static int keyword(CommandInfo info, KeySpec spec, int count, IntFunction<String> arguments) {
        boolean sort = info.operation.name().equals("SORT");
        int found = 0;
        for (int at = spec.from(); at < count - 1; at++) {
            String word = arguments.apply(at);
            if (word.equals(spec.keyword())) {
                found = at + 1;
                if (!sort) {
                    return found;
                }
                at++;
            } else if (sort && (word.equals("BY") || word.equals("GET"))) {
                at++;
            } else if (sort && word.equals("LIMIT")) {
                at += 2;
            }
        }
        return found;
    }

    private static int migrate(int count, IntFunction<String> arguments) {
        for (int at = 6; at < count - 1; at++) {
            switch (arguments.apply(at)) {
                case "KEYS":
                    return at + 1;
                case "AUTH":
                    at++;
                    break;
                case "AUTH2":
                    at += 2;
                    break;
                default:
            }
        }
        return 0;
    }
}
