package dev.weir.mysql;

import dev.weir.core.filter.FilterEnvironment;
import io.micrometer.core.instrument.Counter;
import java.util.EnumMap;
import java.util.Map;

/** What {@code mysql_tls} counts. */
final class TlsCounters {
    private final Counter[] logins = new Counter[4];
    private final Counter sealed;
    private final Counter opened;
    private final Map<TlsRefusal, Counter> refusals = new EnumMap<>(TlsRefusal.class);

    TlsCounters(FilterEnvironment environment) {
        for (int i = 0; i < logins.length; i++) {
            logins[i] = counter(environment, "weir_mysql_tls_logins", "Log-ins by what is encrypted")
                    .tag("client", word((i & 2) != 0))
                    .tag("upstream", word((i & 1) != 0))
                    .register(environment.meters());
        }
        sealed = password(environment, "sealed");
        opened = password(environment, "opened");
        for (TlsRefusal refusal : TlsRefusal.values()) {
            Counter counter = counter(environment, "weir_mysql_tls_refused", "Connections that were ended, by reason")
                    .tag("reason", refusal.label())
                    .register(environment.meters());
            refusals.put(refusal, counter);
        }
    }

    private static String word(boolean secure) {
        return secure ? "tls" : "plain";
    }

    private static Counter password(FilterEnvironment environment, String how) {
        return counter(environment, "weir_mysql_tls_passwords", "Passwords between a side with TLS and one without")
                .tag("how", how)
                .register(environment.meters());
    }

    private static Counter.Builder counter(FilterEnvironment environment, String name, String description) {
        return Counter.builder(name).description(description).tag("listener", environment.listener());
    }

    void login(boolean clientSecure, boolean upstreamSecure) {
        logins[(clientSecure ? 2 : 0) | (upstreamSecure ? 1 : 0)].increment();
    }

    void sealed() {
        sealed.increment();
    }

    void opened() {
        opened.increment();
    }

    void refused(TlsRefusal refusal) {
        Counter counter = refusals.get(refusal);
        if (counter != null) {
            counter.increment();
        }
    }
}
