package dev.weir.tls.stunnel;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A section: what its options say, with what stood before the first section where it says nothing itself. Not thread-safe. */
final class Service {
    private final String name;
    private final boolean inetd;
    private final Map<String, List<Setting>> settings = new HashMap<>();
    /** Options that repeat add to what they inherit, like in stunnel; single ones replace it. */
    private final Map<String, List<Setting>> inherited;

    private Service(String name, boolean inetd, Map<String, List<Setting>> inherited) {
        this.name = name;
        this.inetd = inetd;
        this.inherited = inherited;
    }

    /** What stands before the first section; it is the only service where there is no section. */
    static Service globals() {
        return new Service("stunnel", true, Map.of());
    }

    /** A section that begins with what {@code globals} has now. */
    static Service section(String name, Service globals) {
        Map<String, List<Setting>> copy = new HashMap<>();
        globals.settings.forEach((key, values) -> copy.put(key, List.copyOf(values)));
        return new Service(name, false, copy);
    }

    String name() {
        return name;
    }

    /** Whether it stands for the file's begin: its connection is standard input and output. */
    boolean inetd() {
        return inetd;
    }

    void add(String option, Setting setting) {
        settings.computeIfAbsent(key(option), k -> new ArrayList<>()).add(setting);
    }

    /** The last value, or null if none was given or inherited. */
    @Nullable
    Setting last(String option) {
        List<Setting> all = all(option);
        return all.isEmpty() ? null : all.get(all.size() - 1);
    }

    /** All values, inherited ones first. */
    List<Setting> all(String option) {
        List<Setting> own = settings.getOrDefault(key(option), List.of());
        List<Setting> before = inherited.getOrDefault(key(option), List.of());
        if (before.isEmpty() || own.isEmpty()) {
            return own.isEmpty() ? before : own;
        }
        List<Setting> both = new ArrayList<>(before);
        both.addAll(own);
        return both;
    }

    boolean has(String option) {
        return last(option) != null;
    }

    /** The last value; null if there is none or it is empty. */
    @Nullable
    String text(String option) {
        Setting setting = last(option);
        return setting == null || setting.value().isEmpty() ? null : setting.value();
    }

    boolean yes(String option, boolean absent) {
        Setting setting = last(option);
        return setting == null ? absent : setting.value().equalsIgnoreCase("yes");
    }

    /** A number that the parser has let through. */
    int number(String option, int absent) {
        Setting setting = last(option);
        return setting == null ? absent : Integer.parseInt(setting.value());
    }

    private static String key(String option) {
        return option.toLowerCase(Locale.ROOT);
    }
}
