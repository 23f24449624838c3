package dev.weir.tls.stunnel;

import dev.weir.core.config.Address;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A service in the language of Weir: its listeners, its chain, its clusters. */
final class ServiceParts {
    /** Protocols whose TLS begins after some words in plain text. */
    private static final Set<String> LATE = Set.of("smtp", "pop3", "imap", "pgsql", "nntp", "ldap");

    private static final int DEFAULT_CONNECT = 10;
    private static final int MOST_CONNECT = 600;
    private static final int DEFAULT_CLOSE = 60;
    private static final int DEFAULT_IDLE = 43_200;
    private static final int MOST_SECONDS = 365 * 86_400;
    private static final int MOST_ATTEMPTS = 100;
    /** Where nobody is ever connected to: targets come from clients. */
    private static final String NOWHERE = "127.0.0.1:1";

    private final Service service;
    private final String name;
    private final Findings findings;
    private final boolean client;
    private final String protocol;
    private final List<Map<String, Object>> listeners = new ArrayList<>();
    private final List<Map<String, Object>> clusters = new ArrayList<>();
    private final Map<String, String> process = new TreeMap<>();
    private final List<Map<String, Object>> slaves = new ArrayList<>();
    private final Map<String, Object> chain;

    ServiceParts(Service service, String name, Findings findings) {
        this.service = service;
        this.name = name;
        this.findings = findings;
        this.client = service.yes("client", false);
        this.protocol = SectionCheck.protocol(service);
        this.chain = chain();
        listen();
        if (service.has("reset") && !service.yes("reset", true)) {
            findings.warn(
                    service,
                    "\"reset = no\" has no effect: a connection that is broken on one side is reset on the other");
        }
    }

    List<Map<String, Object>> listeners() {
        return listeners;
    }

    List<Map<String, Object>> clusters() {
        return clusters;
    }

    /** What the program itself does for it, see {@code dev.weir.core.ConfigTranslator.Translation}. */
    Map<String, String> process() {
        return process;
    }

    /** Another service takes the clients of this one that ask for one of these names. */
    void slave(List<String> patterns, ServiceParts other) {
        Map<String, Object> own = new LinkedHashMap<>();
        own.put("match", Map.of("sni", patterns));
        own.putAll(other.chain);
        slaves.add(own);
        for (Map<String, Object> listener : listeners) {
            chain.keySet().forEach(listener::remove);
            List<Object> chains = new ArrayList<>(slaves);
            chains.add(chain);
            listener.put("filter_chains", chains);
        }
    }

    // ---- where it listens

    private void listen() {
        Set<Address> addresses = new LinkedHashSet<>();
        for (Setting accept : service.all("accept")) {
            addresses.addAll(StunnelAddress.accept(service, accept, findings));
        }
        if (addresses.isEmpty() && (service.inetd() || bridged())) {
            addresses.add(bridge());
        }
        Map<String, Object> options = new LinkedHashMap<>();
        Map<String, Object> cluster = clusters.isEmpty() ? new LinkedHashMap<>() : clusters.get(0);
        SocketOptions.apply(
                service,
                options,
                cluster,
                addresses.stream().map(Address::toString).toList(),
                findings);
        for (Address address : addresses) {
            Map<String, Object> listener = new LinkedHashMap<>();
            listener.put("name", name);
            Setting accept = service.last("accept");
            listener.put("address", accept == null ? address.toString() : TlsSections.at(accept, address.toString()));
            listener.putAll(options);
            listener.putAll(chain);
            listeners.add(listener);
            owner(address);
        }
    }

    /** A program that is started at once and talks to the upstream. */
    private boolean bridged() {
        return service.has("exec") && service.has("connect") && !service.has("accept");
    }

    /** A socket that only this process can reach, between a program or standard input and the listener. */
    private Address bridge() {
        process.put("bridge:" + name, service.inetd() ? "inetd" : "exec");
        if (bridged()) {
            process.put("program:" + name, String.valueOf(service.text("exec")));
            process.put("arguments:" + name, String.join("\n", arguments()));
            process.put("retry:" + name, retry());
        }
        String folder = System.getProperty("java.io.tmpdir", "/tmp") + "/weir-stunnel-"
                + ProcessHandle.current().pid();
        process.put("bridges", folder);
        return new Address(folder + "/" + Integer.toHexString(name.hashCode()), -1);
    }

    /** Milliseconds, or nothing. */
    private String retry() {
        Setting retry = service.last("retry");
        if (retry == null || retry.value().equalsIgnoreCase("no")) {
            return "";
        }
        return retry.value().equalsIgnoreCase("yes") ? "1000" : retry.value();
    }

    private void owner(Address address) {
        if (address.isUnix() && !service.inetd() && (own("setuid") || own("setgid"))) {
            process.put(
                    "owner:" + address.host(),
                    (own("setuid") ? service.text("setuid") : "") + ":"
                            + (own("setgid") ? service.text("setgid") : ""));
        }
    }

    private boolean own(String option) {
        return service.text(option) != null;
    }

    // ---- what it does

    private Map<String, Object> chain() {
        Map<String, Object> made = new LinkedHashMap<>();
        List<Object> filters = new ArrayList<>();
        limits(filters);
        if (client) {
            upstreamTls(filters);
        } else {
            String redirect = service.has("redirect") ? redirect() : null;
            Map<String, Object> tls = new TlsSections(service, findings).server(redirect);
            if (LATE.contains(protocol)) {
                filters.add(talk("client", tls));
            } else {
                made.put("tls", tls);
                if (dynamic()) {
                    filters.add(talk("client", null));
                }
            }
        }
        filters.add(half());
        filters.add(terminal());
        made.put("filters", filters);
        return made;
    }

    private boolean dynamic() {
        return !client && (protocol.equals("socks") || protocol.equals("connect"));
    }

    private void limits(List<Object> filters) {
        int all = service.number("weir.maxServiceConnections", 0);
        int each = service.number("weir.maxClientConnections", 0);
        if (all > 0 || each > 0) {
            Map<String, Object> limit = new LinkedHashMap<>();
            limit.put("type", "connection_limit");
            if (all > 0) {
                limit.put("max_connections", all);
            }
            if (each > 0) {
                limit.put("max_connections_per_client", each);
            }
            filters.add(limit);
        }
    }

    private void upstreamTls(List<Object> filters) {
        Setting target = service.last("connect");
        if (target == null) {
            findings.error(
                    service,
                    "\"client = yes\" with \"exec\" is not to be had: TLS toward a program (expected: connect)");
            return;
        }
        Map<String, Object> cluster = cluster(name, service.all("connect"));
        Map<String, Object> tls = new TlsSections(service, findings).client(serverName());
        if (protocol.isEmpty() || protocol.equals("socks")) {
            cluster.put("tls", tls);
        }
        if (!protocol.isEmpty()) {
            filters.add(talk("upstream", protocol.equals("socks") ? null : tls));
        }
    }

    /** The host that the file names: of the first server, or of the one behind a proxy; null for Unix sockets. */
    private @Nullable String serverName() {
        String behind = protocol.equals("connect") ? service.text("protocolHost") : null;
        String address = behind != null ? behind : service.all("connect").get(0).value();
        String host = StunnelAddress.host(address);
        return host != null || address.startsWith("/") ? host : "localhost";
    }

    /** What is said before TLS, or right behind its begin. */
    private Map<String, Object> talk(String side, @Nullable Map<String, Object> tls) {
        Map<String, Object> talk = new LinkedHashMap<>();
        talk.put("type", "starttls");
        talk.put("side", side);
        talk.put("protocol", protocol);
        if (client) {
            word(talk, "protocolHost", "host");
            word(talk, "protocolUsername", "username");
            word(talk, "protocolPassword", "password");
            Setting way = service.last("protocolAuthentication");
            if (way != null && Set.of("smtp", "connect").contains(protocol)) {
                talk.put("authentication", way.value().toLowerCase(Locale.ROOT));
            }
            List<String> headers =
                    service.all("protocolHeader").stream().map(Setting::value).toList();
            if (!headers.isEmpty() && protocol.equals("connect")) {
                talk.put("header", headers);
            }
            if (service.has("protocolDomain")) {
                findings.warn(service, "\"protocolDomain\" has no effect: only NTLM has domains");
            }
        }
        if (tls != null) {
            talk.put("tls", tls);
        }
        return talk;
    }

    private void word(Map<String, Object> talk, String option, String key) {
        Setting setting = service.last(option);
        if (setting != null && Set.of("smtp", "connect", "socks").contains(protocol)) {
            talk.put(key, TlsSections.at(setting, setting.value()));
        }
    }

    /** One direction has ended. */
    private Map<String, Object> half() {
        Map<String, Object> half = new LinkedHashMap<>();
        half.put("type", "half_close_timeout");
        half.put("timeout", Math.min(service.number("TIMEOUTclose", DEFAULT_CLOSE), MOST_SECONDS) + "s");
        return half;
    }

    private Map<String, Object> terminal() {
        Map<String, Object> terminal = new LinkedHashMap<>();
        if (service.has("exec") && !service.has("connect")) {
            terminal.put("type", "exec");
            terminal.put("program", String.valueOf(service.text("exec")));
            terminal.put("arguments", arguments());
            return terminal;
        }
        terminal.put("type", "tcp_proxy");
        terminal.put("cluster", name);
        if (dynamic()) {
            terminal.put("dynamic", true);
            cluster(name, List.of());
        } else if (!client) {
            cluster(name, service.all("connect"));
        }
        terminal.put("idle_timeout", Math.min(service.number("TIMEOUTidle", DEFAULT_IDLE), MOST_SECONDS) + "s");
        terminal.put("connect_attempts", attempts());
        int lifetime = service.number("weir.maxLifetime", 0);
        if (lifetime > 0) {
            terminal.put("max_connection_duration", Math.min(lifetime, MOST_SECONDS) + "s");
        }
        return terminal;
    }

    /** Each address once. How many a name has is not known before. */
    private int attempts() {
        for (Map<String, Object> cluster : clusters) {
            if (name.equals(cluster.get("name"))) {
                return cluster.get("endpoints") instanceof List<?> list
                        ? Math.min(Math.max(list.size(), 1), MOST_ATTEMPTS)
                        : MOST_ATTEMPTS;
            }
        }
        return 1;
    }

    /** The name of the program first. */
    private List<String> arguments() {
        String given = service.text("execArgs");
        String program = String.valueOf(service.text("exec"));
        return given == null ? List.of(program) : List.of(given.strip().split("\\s+", -1));
    }

    // ---- where it goes

    private String redirect() {
        List<Setting> targets = service.all("redirect");
        String cluster = name + " redirect";
        process.put("redirect:" + cluster, "yes");
        List<Setting> real = targets.stream()
                .filter(target -> !target.value().endsWith(":0"))
                .toList();
        cluster(cluster, real);
        return cluster;
    }

    private Map<String, Object> cluster(String clusterName, List<Setting> targets) {
        Map<String, Object> cluster = new LinkedHashMap<>();
        cluster.put("name", clusterName);
        endpoints(cluster, targets);
        int timeout = service.number("TIMEOUTconnect", DEFAULT_CONNECT);
        cluster.put("connect_timeout", Math.max(1, Math.min(timeout, MOST_CONNECT)) + "s");
        Setting local = service.last("local");
        if (local != null) {
            cluster.put("source_address", TlsSections.at(local, StunnelAddress.ip(local.value())));
        }
        greeting(cluster);
        clusters.add(cluster);
        return cluster;
    }

    private void endpoints(Map<String, Object> cluster, List<Setting> targets) {
        List<Address> addresses = new ArrayList<>();
        for (Setting target : targets) {
            addresses.addAll(StunnelAddress.connect(service, target, findings));
        }
        boolean named = addresses.stream().anyMatch(address -> !address.isUnix() && address.literal() == null);
        List<String> endpoints = addresses.isEmpty()
                ? List.of(NOWHERE)
                : addresses.stream().map(Address::toString).toList();
        boolean inOrder =
                service.yes("delay", false) || !"rr".equalsIgnoreCase(String.valueOf(service.text("failover")));
        if (named || endpoints.size() > 1) {
            cluster.put("load_balancing", inOrder ? "first_available" : "round_robin");
        }
        if (named) {
            Map<String, Object> discovery = new LinkedHashMap<>();
            discovery.put("type", "hosts");
            discovery.put("endpoints", endpoints);
            cluster.put("discovery", discovery);
        } else {
            cluster.put("endpoints", endpoints);
        }
    }

    /** The client's address, told to the server. */
    private void greeting(Map<String, Object> cluster) {
        String own = service.text("weir.proxyProtocol");
        if (own != null) {
            cluster.put("proxy_protocol", own.substring(0, 2).toLowerCase(Locale.ROOT));
            if (own.equalsIgnoreCase("v2-tls")) {
                cluster.put("proxy_protocol_tlvs", List.of("authority", "unique_id", "ssl"));
            }
        } else if (protocol.equals("proxy")) {
            cluster.put("proxy_protocol", "v1");
        }
    }
}
