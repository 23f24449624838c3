package dev.weir.tls.starttls;

import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.Units;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.FilterFactory;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.filter.Side;
import dev.weir.core.tls.TlsClient;
import dev.weir.core.tls.TlsServer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The filter {@code starttls}: begins TLS with a client or with the upstream where their protocol begins in plain text. */
public final class StarttlsFilterFactory implements FilterFactory {
    private static final List<String> TO_CLIENT = List.of("smtp", "pop3", "imap", "pgsql", "connect", "socks");
    private static final List<String> TO_UPSTREAM =
            List.of("smtp", "pop3", "imap", "nntp", "pgsql", "ldap", "connect", "socks");
    /** Where TLS may be the listener's or the cluster's, around the talk. */
    private static final Set<String> TUNNELS = Set.of("connect", "socks");

    private static final int MAX_TEXT = 255;
    private static final int MAX_HEADER = 4_096;

    /** For ServiceLoader. */
    public StarttlsFilterFactory() {}

    @Override
    public String type() {
        return "starttls";
    }

    @Override
    public PerLoop<NetworkFilter> configure(ConfigNode config, FilterEnvironment environment) {
        Side side =
                config.oneOf("side", "client", List.of("client", "upstream")).equals("client")
                        ? Side.CLIENT
                        : Side.UPSTREAM;
        List<String> protocols = side == Side.CLIENT ? TO_CLIENT : TO_UPSTREAM;
        config.required("protocol");
        String protocol = config.oneOf("protocol", "smtp", protocols);
        TalkSettings words = words(config, side, protocol);
        Address target = target(config, side, protocol, words.host());
        Duration timeout = config.duration("timeout", Duration.ofMinutes(1));
        if (timeout.compareTo(Duration.ofMillis(10)) < 0 || timeout.compareTo(Duration.ofHours(1)) > 0) {
            config.error("timeout", Units.format(timeout) + " (expected: 10ms..1h)");
        }
        String sideName = side == Side.CLIENT ? "client" : "upstream";
        StarttlsSettings settings = new StarttlsSettings(
                "starttls " + protocol + " " + sideName,
                side,
                tls(config, environment, side, protocol, target),
                timeout,
                new StarttlsMetrics(environment.meters(), environment.listener(), sideName, protocol));
        Supplier<Talk> talks = side == Side.CLIENT ? toClient(protocol) : toUpstream(protocol, words, target);
        return loop -> {
            StarttlsSettings.Underway underway = new StarttlsSettings.Underway();
            return connection -> new StarttlsFilter(settings, talks.get(), underway);
        };
    }

    private static StarttlsSettings.@Nullable Begin tls(
            ConfigNode config, FilterEnvironment environment, Side side, String protocol, @Nullable Address target) {
        if (!config.has("tls")) {
            if (!TUNNELS.contains(protocol)) {
                config.required("tls");
            }
            return null;
        }
        ConfigNode section = config.required("tls");
        return side == Side.CLIENT ? server(section, environment) : client(section, environment, target);
    }

    private static StarttlsSettings.Begin server(ConfigNode section, FilterEnvironment environment) {
        TlsServer server = environment.tlsServer(section);
        if (server.unauthorizedCluster() != null) {
            // The upstream is connected to, or chosen, before the client has shown anything.
            section.error("on_unauthorized", "a cluster (expected: close, or pass, where TLS begins in mid-stream)");
        }
        return new StarttlsSettings.Begin(context -> context.tlsHandler(server), server.maxHandshakes());
    }

    /** {@code target} is whom TLS is with where that is another one than the connection's upstream: behind a tunnel. */
    private static StarttlsSettings.Begin client(
            ConfigNode section, FilterEnvironment environment, @Nullable Address target) {
        TlsClient client = environment.tlsClient(section);
        return new StarttlsSettings.Begin(context -> context.tlsHandler(client, target), Integer.MAX_VALUE);
    }

    // ---- words

    private static TalkSettings words(ConfigNode config, Side side, String protocol) {
        boolean authenticates =
                side == Side.UPSTREAM && Set.of("smtp", "connect", "socks").contains(protocol);
        String host = text(config, "host", MAX_TEXT);
        String username = text(config, "username", MAX_TEXT);
        String password = text(config, "password", MAX_TEXT);
        if (!authenticates) {
            none(config, "username", username);
            none(config, "password", password);
            none(config, "host", host);
        } else if ((username == null) != (password == null)) {
            config.error(username == null ? "password" : "username", "alone (expected: both of username and password)");
        }
        if (protocol.equals("connect") && username != null && username.indexOf(':') >= 0) {
            config.error("username", "\"" + username + "\" (expected: no colon)");
        }
        none(config, "domain", text(config, "domain", MAX_TEXT));
        return new TalkSettings(
                host, username, password, authentication(config, side, protocol), headers(config, side, protocol));
    }

    private static void none(ConfigNode config, String key, @Nullable String value) {
        if (value != null) {
            config.error(key, "not used by this protocol on this side (expected: no " + key + ")");
        }
    }

    private static String authentication(ConfigNode config, Side side, String protocol) {
        if (side == Side.UPSTREAM && protocol.equals("smtp")) {
            return config.oneOf("authentication", "plain", List.of("plain", "login"));
        }
        if (side == Side.UPSTREAM && protocol.equals("connect")) {
            return config.oneOf("authentication", "basic", List.of("basic"));
        }
        none(config, "authentication", config.string("authentication", null));
        return "";
    }

    private static List<String> headers(ConfigNode config, Side side, String protocol) {
        List<String> headers = new ArrayList<>();
        for (ConfigNode header : config.list("header")) {
            String text = header.text();
            if (side != Side.UPSTREAM || !protocol.equals("connect")) {
                header.error("not used by this protocol on this side (expected: no header)");
            } else if (text.length() > MAX_HEADER || text.indexOf(':') <= 0 || !isLine(text)) {
                header.error("\"" + text + "\" (expected: a line \"Name: value\")");
            }
            headers.add(text);
        }
        return headers;
    }

    /** Where a tunnel leads; null where there is none. */
    private static @Nullable Address target(ConfigNode config, Side side, String protocol, @Nullable String host) {
        if (side != Side.UPSTREAM || !TUNNELS.contains(protocol)) {
            return null;
        }
        if (host == null) {
            config.required("host");
            return null;
        }
        Address target = config.address("host");
        if (target.isUnix() || target.port() == 0) {
            config.error("host", "\"" + host + "\" (expected: host:port)");
        }
        return target;
    }

    private static @Nullable String text(ConfigNode config, String key, int most) {
        String text = config.string(key, null);
        if (text != null && (text.getBytes(StandardCharsets.UTF_8).length > most || text.isEmpty() || !isLine(text))) {
            config.error(key, "not one line of 1.." + most + " bytes"); // it may be a secret
        }
        return text;
    }

    private static boolean isLine(String text) {
        return text.chars().allMatch(c -> c >= ' ' && c != 0x7f);
    }

    // ---- talks

    private static Supplier<Talk> toClient(String protocol) {
        return switch (protocol) {
            case "smtp" -> SmtpToClient::new;
            case "pop3" -> Pop3ToClient::new;
            case "imap" -> ImapToClient::new;
            case "pgsql" -> Pgsql.ToClient::new;
            case "connect" -> ConnectToClient::new;
            case "socks" -> SocksToClient::new;
            default -> throw new IllegalArgumentException(protocol);
        };
    }

    private static Supplier<Talk> toUpstream(String protocol, TalkSettings words, @Nullable Address target) {
        Address to = target == null ? new Address("127.0.0.1", 1) : target;
        return switch (protocol) {
            case "smtp" -> () -> new SmtpToUpstream(words);
            case "pop3" -> GreetedTalk::pop3;
            case "imap" -> GreetedTalk::imap;
            case "nntp" -> GreetedTalk::nntp;
            case "pgsql" -> Pgsql.ToUpstream::new;
            case "ldap" -> LdapToUpstream::new;
            case "connect" -> () -> new ConnectToUpstream(words);
            case "socks" -> () -> new SocksToUpstream(words, to);
            default -> throw new IllegalArgumentException(protocol);
        };
    }
}
