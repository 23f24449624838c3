package dev.weir.tls.psk;

import dev.weir.core.config.ConfigNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import org.bouncycastle.tls.NamedGroup;

/** Which cipher suites and groups of those there are, best first: {@code ciphers}, {@code cipher_suites} and {@code curves} of a section. For the module's own use. */
public final class PskChoice {
    private static final int[] GROUPS = {NamedGroup.x25519, NamedGroup.secp256r1, NamedGroup.secp384r1};
    private static final Map<String, Integer> CURVES = curves();

    private final int[] suites;
    private final int[] groups;

    private PskChoice(int[] suites, int[] groups) {
        this.suites = suites;
        this.groups = groups;
    }

    private static Map<String, Integer> curves() {
        Map<String, Integer> curves = new LinkedHashMap<>();
        curves.put("X25519", NamedGroup.x25519);
        curves.put("P-256", NamedGroup.secp256r1);
        curves.put("P-384", NamedGroup.secp384r1);
        curves.put("P-521", NamedGroup.secp521r1);
        curves.put("X448", NamedGroup.x448);
        return curves;
    }

    /** Problems are reported there. */
    public static PskChoice configure(ConfigNode node) {
        List<Integer> suites = new ArrayList<>(suites(node, "cipher_suites", PskSuite::young));
        suites.addAll(suites(node, "ciphers", suite -> !suite.young()));
        List<Integer> groups = new ArrayList<>();
        for (ConfigNode curve : node.list("curves")) {
            groups.add(curve.as(name -> known(CURVES, name), 0));
        }
        return new PskChoice(array(suites), groups.isEmpty() ? GROUPS : array(groups));
    }

    /** Those that are named; all where none is. */
    private static List<Integer> suites(ConfigNode node, String key, Predicate<PskSuite> which) {
        Map<String, Integer> known = new LinkedHashMap<>();
        Arrays.stream(PskSuite.values()).filter(which).forEach(suite -> known.put(suite.openssl, suite.number));
        if (!node.has(key) || node.list(key).isEmpty()) {
            return List.copyOf(known.values());
        }
        Function<String, Integer> number = name -> known(known, name);
        return node.list(key).stream().map(one -> one.as(number, 0)).toList();
    }

    private static Integer known(Map<String, Integer> all, String name) {
        Integer number = all.get(name);
        if (number == null) {
            throw new IllegalArgumentException(
                    "\"" + name + "\" (expected: one of " + String.join(", ", all.keySet()) + ")");
        }
        return number;
    }

    private static int[] array(List<Integer> numbers) {
        return numbers.stream().mapToInt(Integer::intValue).toArray();
    }

    int[] suites() {
        return suites.clone();
    }

    int[] groups() {
        return groups.clone();
    }
}
