package dev.weir.redis;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One key specification of a command, with the meaning it has in COMMAND INFO.
 *
 * @param index where the search begins, or 0 with a keyword
 * @param keyword the word to search for, upper case, or null
 * @param from where the search for the keyword begins; negative: from the end, backwards
 * @param counted whether the keys are counted by an argument; else they are a range
 * @param last counted: place of the count; range: last key. Relative to the beginning; a negative last key
 *     counts from the end
 * @param first counted: first key, relative to the beginning
 * @param step distance of two keys
 * @param limit range: with {@code last} -1, the part of the remaining arguments that are keys (2: half)
 * @param access RO, RW, OW or RM
 * @param isKey false for what looks like a key only (channels)
 */
record KeySpec(
        int index,
        @Nullable String keyword,
        int from,
        boolean counted,
        int last,
        int first,
        int step,
        int limit,
        String access,
        boolean isKey) {

    /** Whether the first key always stands at {@link #index}. */
    boolean fixed() {
        return keyword == null && !counted && isKey;
    }

    /** Reads the last column of the table. */
    static List<KeySpec> parse(String column) {
        List<KeySpec> specs = new ArrayList<>();
        if (!column.equals("-")) {
            for (String spec : column.split(";", -1)) {
                specs.add(parseOne(spec));
            }
        }
        return specs;
    }

    private static KeySpec parseOne(String spec) {
        String[] parts = spec.split(":", -1);
        int at = parts[0].indexOf('@');
        String keyword = at < 0 ? null : parts[0].substring(0, at);
        int from = at < 0 ? 0 : Integer.parseInt(parts[0].substring(at + 1));
        int index = at < 0 ? Integer.parseInt(parts[0]) : 0;
        boolean counted = parts[1].startsWith("#");
        String[] numbers = parts[1].substring(counted ? 1 : 0).split(",", -1);
        int a = Integer.parseInt(numbers[0]);
        int b = Integer.parseInt(numbers[1]);
        int c = Integer.parseInt(numbers[2]);
        boolean isKey = !parts[2].endsWith("!");
        String access = parts[2].substring(0, 2);
        return counted
                ? new KeySpec(index, keyword, from, true, a, b, c, 0, access, isKey)
                : new KeySpec(index, keyword, from, false, a, 0, b, c, access, isKey);
    }
}
