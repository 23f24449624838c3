package dev.weir.tls;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Which certificates serve a name: of each kind of key the first one that is for it, exactly if there is one. */
final class CredentialChoice {
    private CredentialChoice() {}

    /** All names that any of them is for. */
    static Set<String> names(List<Credential> credentials) {
        Set<String> names = new LinkedHashSet<>();
        credentials.forEach(one -> names.addAll(one.names().names()));
        return names;
    }

    /** Those for clients that ask for no name: the first one, and those of other kinds of key with the same names. */
    static List<Integer> first(List<Credential> credentials) {
        List<Integer> chosen = new ArrayList<>(List.of(0));
        Set<String> kinds = new LinkedHashSet<>(Set.of(kind(credentials.get(0))));
        for (int i = 1; i < credentials.size(); i++) {
            boolean same = Set.copyOf(credentials.get(i).names().names())
                    .equals(Set.copyOf(credentials.get(0).names().names()));
            if (same && kinds.add(kind(credentials.get(i)))) {
                chosen.add(i);
            }
        }
        return chosen;
    }

    /** Those for a name, or for what it stands for. */
    static List<Integer> covering(String name, List<Credential> credentials) {
        List<Integer> chosen = new ArrayList<>();
        Set<String> kinds = new LinkedHashSet<>();
        for (int i = 0; i < credentials.size(); i++) {
            if (credentials.get(i).names().names().contains(name) && kinds.add(kind(credentials.get(i)))) {
                chosen.add(i);
            }
        }
        for (int i = 0; i < credentials.size(); i++) {
            if (!name.startsWith("*")
                    && credentials.get(i).names().matches(name)
                    && kinds.add(kind(credentials.get(i)))) {
                chosen.add(i);
            }
        }
        chosen.sort(null);
        return List.copyOf(chosen);
    }

    private static String kind(Credential credential) {
        return credential.chain().get(0).getPublicKey().getAlgorithm();
    }

    /** The value for a name: exactly, then of the longest ending. */
    static <T> @Nullable T find(String name, Map<String, T> byName) {
        T exact = byName.get(name);
        if (exact != null) {
            return exact;
        }
        for (int at = 0; at <= name.length(); at++) {
            T found = byName.get("*" + name.substring(at));
            if (found != null) {
                return found;
            }
        }
        return null;
    }
}
