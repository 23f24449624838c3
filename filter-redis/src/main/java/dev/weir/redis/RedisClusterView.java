package dev.weir.redis;

import dev.weir.core.cluster.Discovery.Found;
import dev.weir.core.config.Address;
import dev.weir.redis.RedisAnswers.Failure;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What one node says of its cluster.
 *
 * @param ok whether it holds the cluster to work
 * @param epoch grows with each fail-over and each slot that changes hands
 * @param nodes masters in the order of their slots, those without slots behind them, then replicas
 */
record RedisClusterView(boolean ok, long epoch, List<Found> nodes) {
    /** What is asked, for {@link #read}. */
    static final List<List<String>> QUESTIONS =
            List.of(List.of("CLUSTER", "INFO"), List.of("CLUSTER", "SLOTS"), List.of("CLUSTER", "NODES"));

    /** Metadata of a master: its slots, as {@code 0-5460,7000}. */
    static final String SLOTS = "slots";

    static final String ROLE = "role";
    static final String REPLICA = "replica";
    /** Metadata of a master and its replicas: what they have in common. */
    static final String SHARD = "shard";

    private static final String MASTER = "master";
    private static final Pattern EPOCH = Pattern.compile("(?m)^cluster_current_epoch:(\\d{1,18})\\r?$");
    private static final Pattern BROKEN = Pattern.compile("(^|,)(fail|handshake|noaddr)(,|$)");

    /** What is known of one node so far. */
    private static final class Node {
        final String role;
        final String shard;
        final StringBuilder slots = new StringBuilder();

        Node(String role, String shard) {
            this.role = role;
            this.shard = shard;
        }

        Found found(Address address) {
            return new Found(
                    address,
                    null,
                    1,
                    slots.isEmpty()
                            ? Map.of(ROLE, role, SHARD, shard)
                            : Map.of(ROLE, role, SHARD, shard, SLOTS, slots.toString()));
        }
    }

    /**
     * Reads the answers.
     *
     * @throws IllegalArgumentException that says what is wrong with them
     */
    static RedisClusterView read(Address asked, List<@Nullable Object> answers) {
        for (Object answer : answers) {
            if (answer instanceof Failure failure) {
                throw new IllegalArgumentException("answers " + failure.message());
            }
        }
        String info = String.valueOf(answers.get(0));
        Matcher epoch = EPOCH.matcher(info);
        if (!(answers.get(1) instanceof List<?> slots) || !epoch.find()) {
            throw new IllegalArgumentException("answers something else than slots and their epoch");
        }
        Map<Address, Node> masters = new LinkedHashMap<>();
        Map<Address, Node> replicas = new LinkedHashMap<>();
        List<List<?>> ranges = new ArrayList<>();
        for (Object entry : slots) {
            if (entry instanceof List<?> range
                    && range.size() > 2
                    && range.get(0) instanceof Long
                    && range.get(1) instanceof Long) {
                ranges.add(range);
            }
        }
        ranges.sort(Comparator.comparingLong(range -> (Long) range.get(0)));
        for (List<?> range : ranges) {
            range(asked, range, masters, replicas);
        }
        empty(asked, String.valueOf(answers.get(2)), masters, replicas);
        if (masters.isEmpty()) {
            throw new IllegalArgumentException("knows no master");
        }
        List<Found> nodes = new ArrayList<>();
        masters.forEach((address, node) -> nodes.add(node.found(address)));
        replicas.forEach((address, node) -> nodes.add(node.found(address)));
        return new RedisClusterView(
                info.contains("cluster_state:ok"), Long.parseLong(epoch.group(1)), List.copyOf(nodes));
    }

    /** One entry of CLUSTER SLOTS: first and last slot, the master, its replicas. */
    private static void range(Address asked, List<?> range, Map<Address, Node> masters, Map<Address, Node> replicas) {
        String shard = id(range.get(2));
        for (int i = 2; i < range.size(); i++) {
            Address address = address(range.get(i), asked);
            if (address == null) {
                continue; // one whose address nobody knows
            }
            if (i > 2) {
                replicas.computeIfAbsent(address, one -> new Node(REPLICA, shard));
                continue;
            }
            Node master = masters.computeIfAbsent(address, one -> new Node(MASTER, shard));
            master.slots.append(master.slots.isEmpty() ? "" : ",").append(range.get(0));
            if (!range.get(0).equals(range.get(1))) {
                master.slots.append('-').append(range.get(1));
            }
        }
    }

    private static String id(@Nullable Object node) {
        return node instanceof List<?> parts && parts.size() > 2 ? String.valueOf(parts.get(2)) : "";
    }

    private static @Nullable Address address(@Nullable Object node, Address asked) {
        if (!(node instanceof List<?> parts) || parts.size() < 2) {
            return null;
        }
        Object host = parts.get(0);
        return Redirection.address(host == null ? null : host.toString(), String.valueOf(parts.get(1)), asked);
    }

    /** Masters without slots, which only CLUSTER NODES tells: slots may be on their way to them. */
    private static void empty(Address asked, String text, Map<Address, Node> masters, Map<Address, Node> replicas) {
        for (String line : text.split("\n", -1)) {
            String[] fields =
                    line.strip().split(" ", -1); // id ip:port@bus[,name] flags master ping pong epoch link slots…
            boolean own =
                    Arrays.stream(fields).skip(8).anyMatch(slot -> !slot.startsWith("[")); // those are on their way
            if (fields.length < 8
                    || own
                    || !fields[2].contains(MASTER)
                    || BROKEN.matcher(fields[2]).find()) {
                continue;
            }
            String place = fields[1].substring(0, Math.max(0, fields[1].indexOf('@')));
            int colon = place.lastIndexOf(':');
            Address address = colon < 0
                    ? null
                    : Redirection.address(place.substring(0, colon), place.substring(colon + 1), asked);
            if (address != null && !replicas.containsKey(address)) {
                masters.computeIfAbsent(address, one -> new Node(MASTER, fields[0]));
            }
        }
    }
}
