package dev.weir.tls.stunnel;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The language of {@code ciphers}: names and groups divided by {@code :}, {@code !} for never, {@code -} for not, {@code +} in front for last and between two
 * for both, {@code @STRENGTH}, {@code @SECLEVEL=n}.
 */
final class CipherString {
    private final List<CipherTable> active = new ArrayList<>();
    private final Set<CipherTable> never = new HashSet<>();
    private int level = -1;

    private CipherString() {}

    /**
     * What a string chooses, in its order.
     *
     * @param ciphers the suites
     * @param level what {@code @SECLEVEL} says, or -1
     */
    record Chosen(List<CipherTable> ciphers, int level) {}

    /** Never fails: what it does not know chooses nothing, as in OpenSSL. */
    static Chosen choose(String text) {
        CipherString string = new CipherString();
        for (String rule : text.split("[:, ]+", -1)) {
            if (!rule.isEmpty()) {
                string.apply(rule);
            }
        }
        return new Chosen(List.copyOf(string.active), string.level);
    }

    private void apply(String rule) {
        if (rule.startsWith("@")) {
            special(rule.toUpperCase(Locale.ROOT));
            return;
        }
        char sign = "!-+".indexOf(rule.charAt(0)) >= 0 ? rule.charAt(0) : ' ';
        String names = sign == ' ' ? rule : rule.substring(1);
        List<CipherTable> matching = CipherTable.ALL.stream()
                .filter(cipher -> matches(cipher, names))
                .toList();
        switch (sign) {
            case '!' -> {
                never.addAll(matching);
                active.removeAll(matching);
            }
            case '-' -> active.removeAll(matching);
            case '+' -> {
                List<CipherTable> moved =
                        active.stream().filter(matching::contains).toList();
                active.removeAll(moved);
                active.addAll(moved);
            }
            default ->
                matching.stream()
                        .filter(cipher -> !active.contains(cipher) && !never.contains(cipher))
                        .forEach(active::add);
        }
    }

    private void special(String rule) {
        if (rule.equals("@STRENGTH")) {
            active.sort(Comparator.comparingInt(CipherTable::bits).reversed());
        } else if (rule.matches("@SECLEVEL=[0-5]")) {
            level = rule.charAt(rule.length() - 1) - '0';
        }
    }

    private static boolean matches(CipherTable cipher, String names) {
        for (String name : names.split("\\+", -1)) {
            String tag = name.toUpperCase(Locale.ROOT);
            if (!cipher.tags().contains(tag)) {
                return false;
            }
        }
        return true;
    }
}
