package dev.weir.core.config;

import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** Finds the name a user may have meant. */
public final class Names {
    private Names() {}

    /** The nearest of {@code valid} if it is near enough to be a slip, else null. */
    public static @Nullable String nearest(String given, Collection<String> valid) {
        String best = null;
        int bestDistance = Math.max(1, given.length() / 3) + 1;
        for (String candidate : valid) {
            int distance = distance(given.toLowerCase(java.util.Locale.ROOT), candidate);
            if (distance < bestDistance) {
                bestDistance = distance;
                best = candidate;
            }
        }
        return best;
    }

    /** {@code  (did you mean "x"?)}, or the list of what is valid where nothing is near. */
    public static String suggest(String given, Collection<String> valid) {
        String nearest = nearest(given, valid);
        if (nearest != null) {
            return " (did you mean \"" + nearest + "\"?)";
        }
        return valid.isEmpty() ? "" : " (expected: " + String.join(", ", valid) + ")";
    }

    /** Edit distance where swapping two neighbours counts once. */
    private static int distance(String a, String b) {
        int[] beforeLast = new int[b.length() + 1];
        int[] last = new int[b.length() + 1];
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            last[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int same = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                row[j] = Math.min(Math.min(row[j - 1], last[j]) + 1, last[j - 1] + same);
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
                }
            }
            int[] spare = beforeLast;
            beforeLast = last;
            last = row;
            row = spare;
        }
        return last[b.length()];
    }
}
