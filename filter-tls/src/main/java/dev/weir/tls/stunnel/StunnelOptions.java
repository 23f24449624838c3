package dev.weir.tls.stunnel;

import static dev.weir.tls.stunnel.Checks.ANY;
import static dev.weir.tls.stunnel.Checks.YES_NO;

import dev.weir.tls.stunnel.StunnelOption.Check;
import dev.weir.tls.stunnel.StunnelOption.Fate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** All options: those of stunnel 5.68, those that came until 5.75, those of other systems, and Weir's own. */
final class StunnelOptions {
    private static final String RANDOM = "the random numbers are those of the system";
    private static final String WINDOWS = "there is no window";
    private static final String ENGINE = "BoringSSL has no engines and providers";

    private static final Map<String, StunnelOption> ALL = new LinkedHashMap<>();

    static {
        global();
        services();
        tls();
        own();
    }

    private StunnelOptions() {}

    /** By its name in any case, or null. */
    static @Nullable StunnelOption find(String name) {
        return ALL.get(name.toLowerCase(Locale.ROOT));
    }

    static List<StunnelOption> all() {
        return new ArrayList<>(ALL.values());
    }

    private static void global() {
        done(true, ANY, "chroot", "output", "pid");
        done(true, Checks.oneOf("Specified compression type is not available", "deflate", "zlib"), "compression");
        done(true, YES_NO, "fips", "syslog");
        done(
                true,
                Checks.oneOf("The argument needs to be either 'yes', 'quiet' or 'no'", "yes", "quiet", "no"),
                "foreground");
        done(
                true,
                Checks.oneOf("The argument needs to be either 'append' or 'overwrite'", "append", "overwrite"),
                "log");
        ignored(true, ANY, RANDOM, "EGD", "RNDfile");
        ignored(true, Checks.number("Illegal number of bytes to read from random seed files"), RANDOM, "RNDbytes");
        ignored(true, YES_NO, RANDOM, "RNDoverwrite");
        ignored(true, ANY, ENGINE, "engine", "engineCtrl", "engineDefault", "provider", "providerParameter");
        ignored(true, ANY, "the environment is what it was started with", "setEnv");
        ignored(true, ANY, WINDOWS, "iconActive", "iconError", "iconIdle");
        ignored(true, YES_NO, WINDOWS, "taskbar");
    }

    private static void services() {
        done(false, ANY, "accept", "connect", "exec", "execArgs", "ident", "redirect", "service", "sni", "include");
        done(false, YES_NO, "client", "delay", "libwrap", "pty", "reset", "renegotiation");
        done(false, Checks::retry, "retry");
        done(false, Checks::debug, "debug");
        done(false, Checks.oneOf("The argument needs to be either 'rr' or 'prio'", "rr", "prio"), "failover");
        done(false, Checks::host, "local");
        done(
                false,
                Checks.oneOf("Invalid connection identifier type", "sequential", "unique", "thread", "process"),
                "logId");
        done(
                false,
                ANY,
                "protocol",
                "protocolAuthentication",
                "protocolDomain",
                "protocolHeader",
                "protocolHost",
                "protocolPassword",
                "protocolUsername");
        done(false, Checks::user, "setuid");
        done(false, Checks::group, "setgid");
        done(false, SocketOptions::check, "socket");
        ignored(false, Checks.number("Illegal thread stack size"), "connections have no threads", "stack");
        done(false, Checks.number("Illegal busy timeout"), "TIMEOUTbusy");
        done(false, Checks.number("Illegal close timeout"), "TIMEOUTclose");
        done(false, Checks.number("Illegal connect timeout"), "TIMEOUTconnect");
        done(false, Checks.number("Illegal idle timeout"), "TIMEOUTidle");
        ignored(false, Checks.number("Illegal OCSP timeout"), "an answer of OCSP has 5 s", "TIMEOUTocsp");
        done(
                false,
                Checks.oneOf(
                        "Selected transparent proxy mode is not available",
                        "none",
                        "source",
                        "destination",
                        "both",
                        "yes",
                        "no"),
                "transparent");
    }

    private static void tls() {
        done(false, ANY, "CAfile", "CApath", "CAstore", "CAengine", "cert", "key", "CRLfile", "CRLpath");
        done(false, ANY, "checkEmail", "checkHost", "checkIP", "ciphers", "ciphersuites", "config", "curves");
        done(false, ANY, "engineId", "OCSP", "PSKidentity");
        done(false, Checks.number("Illegal engine number"), "engineNum");
        done(false, YES_NO, "OCSPaia", "OCSPnonce", "OCSPrequire", "requireCert", "verifyChain", "verifyPeer");
        done(false, Checks::ocspFlag, "OCSPflag");
        done(false, TlsOptions::check, "options");
        done(false, Checks::secrets, "PSKsecrets");
        done(false, Checks.range("Illegal security level", 0, 5), "securityLevel");
        done(false, Checks.number("Illegal session cache size"), "sessionCacheSize");
        done(false, Checks.number("Illegal session cache timeout"), "sessionCacheTimeout");
        done(false, YES_NO, "sessionResume");
        ignored(false, ANY, "there is no protocol to share a cache by; ticketKeySecret shares sessions", "sessiond");
        done(false, TlsVersions::check, "sslVersion", "sslVersionMax", "sslVersionMin");
        done(false, Checks.ticketSecret("ticketKeySecret"), "ticketKeySecret");
        done(false, Checks.ticketSecret("ticketMacSecret"), "ticketMacSecret");
        done(false, Checks.range("Bad verify level", 0, 4), "verify");
    }

    /** What stunnel does not have. */
    private static void own() {
        done(true, Checks::address, "weir.admin");
        done(true, Checks.number("Illegal drain timeout"), "weir.drainTimeout");
        done(true, Checks.number("Illegal number of connections"), "weir.maxConnections");
        done(true, ANY, "weir.accessLog");
        done(false, Checks.number("Illegal number of connections"), "weir.maxServiceConnections");
        done(false, Checks.number("Illegal number of connections"), "weir.maxClientConnections");
        done(false, Checks.number("Illegal connection lifetime"), "weir.maxLifetime");
        done(false, Checks.number("Illegal number of seconds"), "weir.reloadCertificates");
        done(
                false,
                Checks.oneOf("The argument needs to be either 'v1', 'v2' or 'v2-tls'", "v1", "v2", "v2-tls"),
                "weir.proxyProtocol");
    }

    private static void done(boolean global, Check check, String... names) {
        for (String name : names) {
            put(new StunnelOption(name, global, Fate.DONE, "", check));
        }
    }

    private static void ignored(boolean global, Check check, String remark, String... names) {
        for (String name : names) {
            put(new StunnelOption(name, global, Fate.IGNORED, remark, check));
        }
    }

    private static void put(StunnelOption option) {
        ALL.put(option.name().toLowerCase(Locale.ROOT), option);
    }
}
