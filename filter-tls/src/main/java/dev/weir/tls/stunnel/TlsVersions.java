package dev.weir.tls.stunnel;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Which versions of TLS a service speaks: from {@code sslVersion…}, {@code options} and the security level. */
record TlsVersions(@Nullable String min, @Nullable String max) {
    private static final List<String> NAMES = List.of("SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3");
    private static final int OLDEST = 1;
    private static final int DEFAULT_OLDEST = 3;
    private static final int NEWEST = 4;

    static @Nullable String check(@Nullable String value) {
        return value != null && (value.equalsIgnoreCase("all") || index(value) >= 0)
                ? null
                : "Invalid protocol version";
    }

    /** Its index in {@link #NAMES}, or -1. */
    private static int index(String value) {
        for (int i = 0; i < NAMES.size(); i++) {
            if (NAMES.get(i).equalsIgnoreCase(value)) {
                return i;
            }
        }
        return -1;
    }

    /**
     * Reads them. Where nothing is said, or {@code all}, the oldest one is TLS 1.2, as OpenSSL 3 has it unless the security level is 0; an older one that is
     * named is had.
     *
     * @param level the security level
     */
    static TlsVersions of(Service service, TlsOptions options, int level, Findings findings) {
        Setting oldest = latest(service, "sslVersionMin");
        Setting newest = latest(service, "sslVersionMax");
        int min = oldest == null ? -1 : index(oldest.value());
        int max = newest == null ? -1 : index(newest.value());
        if (oldest != null && newest != null && min > max && max >= 0) {
            findings.error(service, "Invalid protocol version range");
            return new TlsVersions(null, null);
        }
        if (newest != null && max == 0) {
            findings.error(
                    newest,
                    "SSLv3 is not to be had: it is broken, and no TLS library here has it (expected: TLSv1.2 or newer)");
            return new TlsVersions(null, null);
        }
        if (oldest != null && min == 0) {
            findings.warn(oldest, "the oldest version here is TLSv1");
        }
        int from = Math.max(min >= 0 ? min : level > 0 ? DEFAULT_OLDEST : OLDEST, OLDEST);
        if (min < 0 && max >= 0) {
            from = Math.min(from, max);
        }
        return run(service, options, from, max >= 0 ? max : NEWEST, findings);
    }

    /** The newest versions without one that is missing among them, as OpenSSL does it. */
    private static TlsVersions run(Service service, TlsOptions options, int from, int to, Findings findings) {
        int max = to;
        while (max >= from && options.forbids(NAMES.get(max))) {
            max--;
        }
        if (max < from) {
            findings.error(service, "No version of TLS is left by sslVersion, options and securityLevel");
            return new TlsVersions(null, null);
        }
        int min = max;
        while (min > from && !options.forbids(NAMES.get(min - 1))) {
            min--;
        }
        for (int below = from; below < min - 1; below++) {
            if (!options.forbids(NAMES.get(below))) {
                findings.warn(
                        service,
                        NAMES.get(below) + " is not spoken, as versions between it and " + NAMES.get(min)
                                + " are switched off");
            }
        }
        return new TlsVersions(min == DEFAULT_OLDEST ? null : NAMES.get(min), max == NEWEST ? null : NAMES.get(max));
    }

    /** What was said last: {@code sslVersion} says both. */
    private static @Nullable Setting latest(Service service, String option) {
        Setting both = service.last("sslVersion");
        Setting one = service.last(option);
        if (both == null || one == null) {
            return one == null ? both : one;
        }
        return one.place().order() >= both.place().order() ? one : both;
    }

    /** Whether it is older than TLS 1.3 only. */
    boolean withoutTls13() {
        return max != null;
    }

    /** The name without regard to case, as the file may spell it. */
    static String name(String value) {
        int index = index(value);
        return index < 0 ? value.toLowerCase(Locale.ROOT) : NAMES.get(index);
    }
}
