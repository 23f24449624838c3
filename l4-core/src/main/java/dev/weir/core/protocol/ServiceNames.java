package dev.weir.core.protocol;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.Glob;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Collects what one rule names of the operations of services: {@code GetItem}, {@code dynamodb:*}, {@code package.Service/Method}. */
final class ServiceNames {
    private static final Pattern METHOD = Pattern.compile("[A-Za-z0-9_.*-]+/[A-Za-z0-9_*-]+");

    private static final class Named {
        final KnownCommands.Service service;
        final Set<String> names = new HashSet<>();
        final List<Glob> patterns = new ArrayList<>();

        Named(KnownCommands.Service service) {
            this.service = service;
        }
    }

    private final List<Named> services = new ArrayList<>();

    ServiceNames(List<KnownCommands.Service> known) {
        known.forEach(service -> services.add(new Named(service)));
    }

    boolean isEmpty() {
        return services.isEmpty();
    }

    /** Takes {@code service:name}. False if it begins with no service. */
    boolean qualified(ConfigNode node, String text) {
        int colon = text.indexOf(':');
        for (Named named : services) {
            if (named.service.name().equals(colon < 0 ? "" : text.substring(0, colon))) {
                String name = text.substring(colon + 1);
                boolean asWritten = take(named, name, false);
                boolean taken = open(named, name) || asWritten; // both, where it fits both
                if (!taken && !take(named, name, true)) {
                    String expected = named.service.open() ? "package.Service/Method" : "an operation";
                    node.error("\"" + text + "\" is no operation of " + named.service.name()
                            + CommandChoice.nearest(name, named.service.operations(), expected + ", or a pattern"));
                }
                return true;
            }
        }
        return false;
    }

    /** Every operation of every service. */
    void takeAll() {
        for (Named named : services) {
            named.names.addAll(named.service.operations());
            open(named, "*");
        }
    }

    /** Takes all operations that {@code text} names. False if there is none. */
    boolean take(String text, boolean ignoreCase) {
        boolean taken = false;
        for (Named named : services) {
            taken |= take(named, text, ignoreCase);
        }
        return taken;
    }

    private static boolean take(Named named, String text, boolean ignoreCase) {
        Glob glob = new Glob(text, ignoreCase);
        boolean taken = false;
        for (String name : named.service.operations()) {
            // _OTHER is to be named by itself, or along with all.
            if (glob.matches(name) && (!name.equals(CommandSet.OTHER) || text.equals("*") || text.equals(name))) {
                named.names.add(name);
                taken = true;
            }
        }
        return taken;
    }

    /** Takes what may be an operation of a service whose operations nobody knows beforehand. */
    boolean takeOpen(String text) {
        boolean taken = false;
        for (Named named : services) {
            taken |= open(named, text);
        }
        return taken;
    }

    private static boolean open(Named named, String text) {
        boolean may = named.service.open()
                && (text.equals("*") || METHOD.matcher(text).matches());
        if (may) {
            named.patterns.add(new Glob(text, true));
        }
        return may;
    }

    /** All names that there are, with {@code others}. */
    Set<String> with(Set<String> others) {
        Set<String> all = new HashSet<>(others);
        services.forEach(named -> all.addAll(named.service.operations()));
        return all;
    }

    /** What was taken. */
    List<ServiceChoice> chosen() {
        List<ServiceChoice> all = new ArrayList<>();
        for (Named named : services) {
            if (!named.names.isEmpty() || !named.patterns.isEmpty()) {
                all.add(new ServiceChoice(named.service.name(), named.names, named.patterns));
            }
        }
        return all;
    }
}
