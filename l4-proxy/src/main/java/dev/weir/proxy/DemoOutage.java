package dev.weir.proxy;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Counts what clients see before a shard is killed, while it is away, and after they have it again. For any thread. */
final class DemoOutage {
    /** For one client: another one may notice later that the shard is back. */
    enum Phase {
        BEFORE,
        AWAY,
        AFTER
    }

    private static final class Count {
        long well;
        long failed;
    }

    private final String shard;
    private final Map<Phase, Count> counts = new EnumMap<>(Phase.class);
    /** How often clients saw what while it was away. */
    private final Map<String, Integer> errors = new TreeMap<>();

    private volatile boolean begun;
    private boolean returned;
    /** What was last seen of a command with several keys. */
    private @Nullable String partly;

    private long loading;
    /** Errors without its name, and the last of them. */
    private long unnamed;

    private String strange = "";
    private long checked;
    private long wrong;

    DemoOutage(String shard) {
        this.shard = shard;
        for (Phase phase : Phase.values()) {
            counts.put(phase, new Count());
        }
    }

    /** From now on the shard may be away. */
    void begin() {
        begun = true;
    }

    boolean begun() {
        return begun;
    }

    /** All clients have the shard again. */
    synchronized void end() {
        returned = true;
    }

    synchronized void well(Phase phase) {
        count(phase).well++;
    }

    /** A command failed. */
    synchronized void failed(Phase phase, String error) {
        count(phase).failed++;
        if (error.startsWith("LOADING ")) {
            loading++; // as it comes back it says so by itself
        } else if (!error.contains(shard)) {
            unnamed++;
            strange = error;
        }
        // As the texts are Weir's own there are few of them; what a server says could be anything.
        if (errors.size() < 10) {
            errors.merge(error, 1, Integer::sum);
        }
    }

    /** A command with several keys has an error in the place of some of them. */
    synchronized void failedPartly(Phase phase, String error, int of, int errors) {
        failed(phase, error);
        partly = "meanwhile MGET of " + of + " keys: " + (of - errors) + " values, and that error for " + errors;
    }

    /** A value was read that this client alone writes. */
    synchronized void checked(boolean right) {
        checked++;
        wrong += right ? 0 : 1;
    }

    private Count count(Phase phase) {
        return counts.computeIfAbsent(phase, unknown -> new Count());
    }

    /** How it is going, in one phase. */
    synchronized String progress(Phase phase) {
        Count count = count(phase);
        return Terminal.grouped(count.well) + " commands went well, " + Terminal.grouped(count.failed) + " failed";
    }

    /** What clients see while it is away. */
    synchronized List<String> seen() {
        String most = errors.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .map(Map.Entry::getKey)
                .orElse("no error yet");
        String first = "meanwhile " + progress(Phase.AWAY) + ": " + most;
        return partly == null ? List.of(first) : List.of(first, partly);
    }

    /** The result. */
    synchronized List<String> summary() {
        List<String> lines = new ArrayList<>();
        lines.add("");
        lines.add("Redis shards" + fate());
        lines.add("  before               " + progress(Phase.BEFORE));
        if (begun) {
            String named = unnamed == 0
                    ? "each error names the shard" + (loading == 0 ? "" : ", or is its own LOADING")
                    : Terminal.grouped(unnamed) + " without its name, the last: " + strange;
            lines.add("  while it was away    " + progress(Phase.AWAY) + "; " + named);
        }
        if (returned) {
            lines.add("  after its return     " + progress(Phase.AFTER));
        }
        lines.add("  values read back     " + Terminal.grouped(checked) + "; "
                + (wrong == 0 ? "all as they were written last" : wrong + " are not what was written last"));
        return lines;
    }

    private String fate() {
        if (!begun) {
            return ": the demo ended before one was killed";
        }
        return returned
                ? ", of which " + shard + " was killed and came back"
                : ", of which " + shard + " was killed; the demo ended before it was back";
    }
}
