package dev.weir.redis;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * INFO of several shards as that of one server. Fields that count what a shard has or has done are added up; all others are those of the first shard.
 * Lines of the form {@code db0:keys=1,expires=0} are put together by name, number by number.
 */
final class InfoText {
    /** Added up. */
    static final Set<String> SUMMED = new TreeSet<>(Set.of(
            "connected_clients",
            "blocked_clients",
            "tracking_clients",
            "pubsub_clients",
            "watching_clients",
            "clients_in_timeout_table",
            "total_watched_keys",
            "total_blocking_keys",
            "used_memory",
            "used_memory_rss",
            "used_memory_peak",
            "used_memory_overhead",
            "used_memory_startup",
            "used_memory_dataset",
            "used_memory_lua",
            "used_memory_scripts",
            "used_memory_functions",
            "maxmemory",
            "mem_fragmentation_bytes",
            "mem_not_counted_for_evict",
            "mem_clients_normal",
            "mem_clients_slaves",
            "mem_aof_buffer",
            "lazyfree_pending_objects",
            "lazyfreed_objects",
            "rdb_changes_since_last_save",
            "total_connections_received",
            "total_commands_processed",
            "instantaneous_ops_per_sec",
            "total_net_input_bytes",
            "total_net_output_bytes",
            "total_net_repl_input_bytes",
            "total_net_repl_output_bytes",
            "instantaneous_input_kbps",
            "instantaneous_output_kbps",
            "rejected_connections",
            "sync_full",
            "sync_partial_ok",
            "sync_partial_err",
            "expired_keys",
            "expired_fields",
            "evicted_keys",
            "evicted_clients",
            "keyspace_hits",
            "keyspace_misses",
            "pubsub_channels",
            "pubsubshard_channels",
            "total_forks",
            "unexpected_error_replies",
            "total_error_replies",
            "total_reads_processed",
            "total_writes_processed",
            "acl_access_denied_auth",
            "acl_access_denied_cmd",
            "acl_access_denied_key",
            "acl_access_denied_channel",
            "connected_slaves",
            "used_cpu_sys",
            "used_cpu_user",
            "used_cpu_sys_children",
            "used_cpu_user_children"));

    private static final String HUMAN = "_human";
    private static final String UNITS = "BKMGTP";

    private final Map<String, BigDecimal> sums = new LinkedHashMap<>();
    /** Lines of several numbers, by section; those that the first shard does not have, too. */
    private final Map<String, Map<String, Map<String, BigDecimal>>> rows = new LinkedHashMap<>();
    /** The lines of the first shard, but for those of several numbers. */
    private final List<String> layout = new ArrayList<>();

    private int shards;

    /** A further shard's. */
    void add(String info) {
        String section = "";
        for (String line : info.split("\r?\n", -1)) {
            int colon = line.indexOf(':');
            if (line.startsWith("#") || colon < 0) {
                section = line.startsWith("#") ? line : section;
                if (shards == 0) {
                    layout.add(line);
                }
                continue;
            }
            field(section, line.substring(0, colon), line.substring(colon + 1));
        }
        shards++;
    }

    private void field(String section, String name, String value) {
        Map<String, BigDecimal> row = named(section) ? row(value) : null;
        if (row != null) {
            addRow(
                    rows.computeIfAbsent(section, any -> new LinkedHashMap<>())
                            .computeIfAbsent(name, any -> new LinkedHashMap<>()),
                    row);
            return;
        }
        if (shards == 0) {
            layout.add(name + ':' + value);
        }
        if (SUMMED.contains(name)) {
            BigDecimal number = number(value);
            if (number != null) {
                sums.merge(name, number, BigDecimal::add);
            }
        }
    }

    /** Whether each line of the section stands for a thing with a name. */
    private static boolean named(String section) {
        return section.equals("# Keyspace") || section.equals("# Commandstats") || section.equals("# Errorstats");
    }

    private static @Nullable Map<String, BigDecimal> row(String value) {
        Map<String, BigDecimal> row = new LinkedHashMap<>();
        for (String part : value.split(",", -1)) {
            int equals = part.indexOf('=');
            BigDecimal number = equals < 0 ? null : number(part.substring(equals + 1));
            if (number == null) {
                return null;
            }
            row.put(part.substring(0, equals), number);
        }
        return row;
    }

    private static @Nullable BigDecimal number(String text) {
        return text.matches("-?[0-9]{1,19}(\\.[0-9]{1,9})?") ? new BigDecimal(text) : null;
    }

    /** Numbers are added up; averages are weighed by what they are the average of. */
    private static void addRow(Map<String, BigDecimal> sum, Map<String, BigDecimal> row) {
        BigDecimal had = sum.getOrDefault("expires", BigDecimal.ZERO);
        BigDecimal more = row.getOrDefault("expires", BigDecimal.ZERO);
        BigDecimal average = sum.getOrDefault("avg_ttl", BigDecimal.ZERO);
        row.forEach((name, number) -> sum.merge(name, number, BigDecimal::add));
        BigDecimal expires = had.add(more);
        if (row.containsKey("avg_ttl") && expires.signum() > 0) {
            BigDecimal weighed = average.multiply(had)
                    .add(row.getOrDefault("avg_ttl", BigDecimal.ZERO).multiply(more));
            sum.put("avg_ttl", weighed.divide(expires, 0, RoundingMode.HALF_UP));
        }
        BigDecimal calls = sum.get("calls");
        if (row.containsKey("usec_per_call") && calls != null && calls.signum() > 0) {
            sum.put("usec_per_call", sum.getOrDefault("usec", BigDecimal.ZERO).divide(calls, 2, RoundingMode.HALF_UP));
        }
    }

    /** As one server would say it. */
    String text() {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < layout.size(); i++) {
            String line = layout.get(i);
            boolean last = i == layout.size() - 1;
            int colon = line.startsWith("#") ? -1 : line.indexOf(':');
            String sum = colon < 0 ? null : sum(line.substring(0, colon));
            out.append(sum == null ? line : line.substring(0, colon + 1) + sum);
            out.append(last && line.isEmpty() ? "" : "\r\n");
            rows(out, line);
        }
        return out.toString();
    }

    private void rows(StringBuilder out, String section) {
        rows.getOrDefault(section, Map.of()).entrySet().stream()
                .sorted(Map.Entry.comparingByKey(InfoText::byName))
                .forEach(row -> {
                    out.append(row.getKey()).append(':');
                    String comma = "";
                    for (Map.Entry<String, BigDecimal> part : row.getValue().entrySet()) {
                        out.append(comma).append(part.getKey()).append('=');
                        out.append(part.getValue().toPlainString());
                        comma = ",";
                    }
                    out.append("\r\n");
                });
    }

    /** {@code db2} before {@code db10}. */
    private static int byName(String a, String b) {
        boolean databases = a.startsWith("db") && b.startsWith("db") && a.length() != b.length();
        return databases ? Integer.compare(a.length(), b.length()) : a.compareTo(b);
    }

    /** The sum for a field, or null if it has none. */
    private @Nullable String sum(String name) {
        BigDecimal sum = sums.get(name);
        if (sum != null) {
            return sum.toPlainString();
        }
        BigDecimal bytes = name.endsWith(HUMAN) ? sums.get(name.substring(0, name.length() - HUMAN.length())) : null;
        return bytes == null ? null : human(bytes.longValue());
    }

    /** Bytes as servers show them: {@code 894.92K}. */
    static String human(long bytes) {
        int unit = 0;
        double shown = bytes;
        while (shown >= 1024 && unit < UNITS.length() - 1) {
            shown /= 1024;
            unit++;
        }
        return unit == 0 ? bytes + "B" : String.format(Locale.ROOT, "%.2f%c", shown, UNITS.charAt(unit));
    }
}
