package dev.weir.tls;

import dev.weir.core.filter.WireClock;
import dev.weir.core.tls.TlsSupport;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Warns of certificates that end soon, once a day each. */
final class Validity {
    private static final Logger LOG = LoggerFactory.getLogger(Validity.class);
    private static final long DAY_NANOS = Duration.ofDays(1).toNanos();

    private final TlsSupport.Scope scope;
    private final Duration warning;
    private final Map<String, Long> warned = new HashMap<>();

    Validity(TlsSupport.Scope scope, Duration warning) {
        this.scope = scope;
        this.warning = warning;
    }

    /** When certificates end, in seconds since 1970, by their files. */
    static Map<String, Long> ends(List<Credential.Source> sources, List<Credential> credentials) {
        Map<String, Long> ends = new LinkedHashMap<>();
        for (int i = 0; i < credentials.size(); i++) {
            ends.put(
                    sources.get(i).certificate().toString(),
                    credentials.get(i).chain().get(0).getNotAfter().toInstant().getEpochSecond());
        }
        return ends;
    }

    /** On one thread at a time. */
    synchronized void look(List<Credential> credentials) {
        long nanos = System.nanoTime();
        Instant now = Instant.ofEpochMilli(WireClock.system().epochMicros(nanos) / 1_000);
        for (Credential one : credentials) {
            Instant end = one.chain().get(0).getNotAfter().toInstant();
            if (now.plus(warning).isAfter(end)) {
                String subject = CertificateNames.of(one.chain().get(0)).subject();
                Long last = warned.get(subject);
                if (last == null || nanos - last > DAY_NANOS) {
                    warned.put(subject, nanos);
                    LOG.warn(
                            "certificate {} {}={} certificate=\"{}\" end={}",
                            now.isAfter(end) ? "has expired" : "ends soon",
                            scope.kind(),
                            scope.name(),
                            subject,
                            end);
                }
            }
        }
    }
}
