package dev.weir.tls.stunnel;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Puts the services of a file together: listeners, clusters, and what concerns the whole process. */
final class Assembly {
    /** Options about the process that stand before the first section, and that the program itself carries out. */
    private static final List<String> PROCESS = List.of(
            "foreground",
            "pid",
            "output",
            "log",
            "debug",
            "syslog",
            "setuid",
            "setgid",
            "service",
            "logId",
            "weir.drainTimeout");

    private final Service globals;
    private final Findings findings;
    private final Set<String> taken = new TreeSet<>();
    private final Map<Service, ServiceParts> parts = new LinkedHashMap<>();
    private final Map<String, String> process = new TreeMap<>();

    Assembly(Service globals, Findings findings) {
        this.globals = globals;
        this.findings = findings;
    }

    /** The configuration of Weir that does the same. */
    Map<String, Object> configuration(List<Service> services) {
        process();
        for (Service service : services) {
            parts.put(service, new ServiceParts(service, name(service.name()), findings));
        }
        for (Service service : services) {
            slave(service, services);
        }
        List<Object> listeners = new ArrayList<>();
        List<Object> clusters = new ArrayList<>();
        parts.forEach((service, part) -> {
            for (Map<String, Object> listener : part.listeners()) {
                if (!listeners.isEmpty() && part.listeners().get(0) != listener) {
                    listener.put("name", name(String.valueOf(listener.get("name"))));
                }
                tell(service, String.valueOf(listener.get("name")));
                listeners.add(listener);
            }
            clusters.addAll(part.clusters());
            process.putAll(part.process());
        });
        Map<String, Object> configuration = new LinkedHashMap<>();
        configuration.putAll(whole());
        configuration.put("listeners", listeners);
        configuration.put("clusters", clusters);
        return configuration;
    }

    /** What is known of the services when they run, by the names of their listeners. */
    private void tell(Service service, String listener) {
        process.put("service:" + listener, service.name());
        process.put("client:" + listener, service.yes("client", false) ? "yes" : "no");
        Setting debug = service.last("debug");
        if (debug != null) {
            process.put("debug:" + listener, String.valueOf(Checks.level(debug.value())));
        }
    }

    private void slave(Service service, List<Service> services) {
        if (service.yes("client", false) || !service.has("sni")) {
            return;
        }
        Map<String, List<String>> patterns = new HashMap<>();
        for (Setting sni : service.all("sni")) {
            int colon = sni.value().indexOf(':');
            patterns.computeIfAbsent(sni.value().substring(0, colon), name -> new ArrayList<>())
                    .add(sni.value().substring(colon + 1));
        }
        patterns.forEach((name, names) -> {
            ServiceParts primary = before(service, name, services);
            ServiceParts own = parts.get(service);
            if (primary != null && own != null) {
                primary.slave(names, own);
            }
        });
    }

    private @Nullable ServiceParts before(Service slave, String name, List<Service> services) {
        ServiceParts found = null;
        for (Service service : services.subList(0, services.indexOf(slave))) {
            found = service.name().equals(name) ? parts.get(service) : found;
        }
        return found;
    }

    /** Sections may have the same name; listeners and clusters may not. */
    private String name(String wanted) {
        String base = wanted.isBlank() ? "service" : wanted;
        String name = base;
        for (int n = 2; !taken.add(name); n++) {
            name = base + " " + n;
        }
        return name;
    }

    // ---- the process

    private void process() {
        for (String option : PROCESS) {
            Setting setting = globals.last(option);
            if (setting != null) {
                process.put(option, setting.value());
            }
        }
        Setting fips = globals.last("fips");
        if (fips != null && globals.yes("fips", false)) {
            findings.error(fips, "FIPS provider not available (expected: fips = no)");
        }
        refuse("chroot", "the JVM needs its files (expected: setuid and setgid, or a container)");
        refuse("compression", "Configured compression is unsupported");
        level();
    }

    private void refuse(String option, String why) {
        Setting setting = globals.last(option);
        if (setting != null && !setting.value().isEmpty()) {
            findings.error(setting, "is not to be had: " + why);
        }
    }

    private void level() {
        Setting debug = globals.last("debug");
        if (debug != null) {
            int dot = debug.value().indexOf('.');
            process.put("debug", String.valueOf(Checks.level(debug.value())));
            process.put("facility", dot < 0 ? "daemon" : debug.value().substring(0, dot));
        }
    }

    private Map<String, Object> whole() {
        Map<String, Object> whole = new LinkedHashMap<>();
        Setting admin = globals.last("weir.admin");
        if (admin != null) {
            whole.put("admin", Map.of("address", TlsSections.at(admin, admin.value())));
        }
        String log = globals.text("weir.accessLog");
        if (log != null) {
            Map<String, Object> connections = new LinkedHashMap<>();
            connections.put("path", log);
            connections.put("connections", true);
            whole.put("access_log", connections);
        }
        Setting drain = globals.last("weir.drainTimeout");
        if (drain != null) {
            whole.put("drain_timeout", drain.value() + "s");
        }
        int most = globals.number("weir.maxConnections", 0);
        if (most > 0) {
            whole.put("overload", Map.of("max_connections", most));
        }
        return whole;
    }

    /** What the program itself has to do, by the names of the options; sorted. */
    Map<String, String> forProcess() {
        return process;
    }
}
