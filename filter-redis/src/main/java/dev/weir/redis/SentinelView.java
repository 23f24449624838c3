package dev.weir.redis;

import dev.weir.core.config.Address;
import dev.weir.redis.RedisAnswers.Failure;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What one Sentinel says of the servers under a name.
 *
 * @param sentinel who says so
 * @param master who is the master
 * @param epoch the version of that: it grows with each fail-over
 * @param replicas those that are up and follow the master, by address
 * @param sentinels the others that watch the same
 */
record SentinelView(Address sentinel, Address master, long epoch, List<Address> replicas, List<Address> sentinels) {
    private static final Set<String> DOWN = Set.of("s_down", "o_down", "disconnected");

    /** What is asked, for {@link #read}. */
    static List<List<String>> questions(String master) {
        return List.of(
                List.of("SENTINEL", "GET-MASTER-ADDR-BY-NAME", master),
                List.of("SENTINEL", "MASTER", master),
                List.of("SENTINEL", "REPLICAS", master),
                List.of("SENTINEL", "SENTINELS", master));
    }

    /**
     * Reads the answers.
     *
     * @throws IllegalArgumentException that says what is wrong with them
     */
    static SentinelView read(Address sentinel, String name, List<@Nullable Object> answers) {
        if (answers.get(0) == null) {
            throw new IllegalArgumentException("does not know \"" + name + "\"");
        }
        for (Object answer : answers) {
            if (answer instanceof Failure failure) {
                throw new IllegalArgumentException("answers " + failure.message());
            }
        }
        // During a fail-over this is the new master before the other answers name it.
        Address master =
                answers.get(0) instanceof List<?> pair && pair.size() == 2 ? address(pair.get(0), pair.get(1)) : null;
        String epoch = fields(answers.get(1)).get("config-epoch");
        if (master == null || epoch == null || !epoch.matches("\\d{1,18}")) {
            throw new IllegalArgumentException("answers something else than a master and its epoch");
        }
        List<Address> replicas = new ArrayList<>();
        for (Map<String, String> one : entries(answers.get(2))) {
            Address address = address(one.get("ip"), one.get("port"));
            if (address != null && follows(one) && !address.equals(master)) {
                replicas.add(address);
            }
        }
        replicas.sort(Comparator.comparing(Address::host).thenComparing(Address::port));
        List<Address> sentinels = new ArrayList<>();
        for (Map<String, String> one : entries(answers.get(3))) {
            Address address = address(one.get("ip"), one.get("port"));
            if (address != null) {
                sentinels.add(address);
            }
        }
        return new SentinelView(
                sentinel,
                master,
                Long.parseLong(epoch),
                replicas.stream().distinct().toList(),
                List.copyOf(sentinels));
    }

    /** Whether a replica is up and in contact with its master. */
    private static boolean follows(Map<String, String> replica) {
        for (String flag : replica.getOrDefault("flags", "").split(",", -1)) {
            if (DOWN.contains(flag)) {
                return false;
            }
        }
        return "ok".equals(replica.get("master-link-status")) && "slave".equals(replica.get("role-reported"));
    }

    private static List<Map<String, String>> entries(@Nullable Object answer) {
        List<Map<String, String>> entries = new ArrayList<>();
        if (answer instanceof List<?> list) {
            list.forEach(one -> entries.add(fields(one)));
        }
        return entries;
    }

    /** A list of names and values in turn. */
    private static Map<String, String> fields(@Nullable Object answer) {
        Map<String, String> fields = new HashMap<>();
        if (answer instanceof List<?> list) {
            for (int i = 0; i + 1 < list.size(); i += 2) {
                fields.put(String.valueOf(list.get(i)), String.valueOf(list.get(i + 1)));
            }
        }
        return fields;
    }

    private static @Nullable Address address(@Nullable Object host, @Nullable Object port) {
        String text = String.valueOf(host);
        try {
            Address address = Address.parse((text.indexOf(':') >= 0 ? "[" + text + "]" : text) + ":" + port);
            return address.isUnix() || address.port() == 0 ? null : address;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
