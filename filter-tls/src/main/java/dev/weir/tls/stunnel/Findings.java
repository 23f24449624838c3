package dev.weir.tls.stunnel;

import dev.weir.core.config.ConfigErrors;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What is wrong with a file, in the order in which stunnel would find it, and what of it has no effect. Not thread-safe. */
final class Findings {
    private final List<String> errors = new ArrayList<>();
    private final Set<String> warnings = new LinkedHashSet<>();

    /** A line is wrong. */
    void error(Setting setting, String problem) {
        errors.add(setting.place().says(problem));
    }

    void error(Place place, String problem) {
        errors.add(place.says(problem));
    }

    /** A service is wrong as a whole. */
    void error(Service service, String problem) {
        errors.add((service.inetd() ? "Inetd mode: " : "Service [" + service.name() + "]: ") + problem);
    }

    /** Neither a line nor a service. */
    void error(String problem) {
        errors.add(problem);
    }

    void warn(Setting setting, String text) {
        warnings.add(setting.place().says(text));
    }

    void warn(Service service, String text) {
        warnings.add("Service [" + service.name() + "]: " + text);
    }

    void warn(String text) {
        warnings.add(text);
    }

    boolean failed() {
        return !errors.isEmpty();
    }

    List<String> warnings() {
        return List.copyOf(warnings);
    }

    /** Reports the problems, in their order: the messages name the places themselves. */
    void report(ConfigErrors into) {
        errors.forEach(error -> into.add("", error, 0, 0));
    }
}
