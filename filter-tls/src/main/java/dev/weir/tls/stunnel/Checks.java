package dev.weir.tls.stunnel;

import dev.weir.core.config.Address;
import dev.weir.tls.stunnel.StunnelOption.Check;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What values may be. The answers are stunnel's. */
final class Checks {
    static final Check ANY = Check.ANY;
    static final Check YES_NO = oneOf("The argument needs to be either 'yes' or 'no'", "yes", "no");

    /** Names of syslog, the index is the level. */
    static final List<String> LEVELS = List.of("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug");

    private static final Set<String> OTHER_LEVELS = Set.of("panic", "error", "warn");
    /** Facilities of syslog; where none has a number here there is none in the system. */
    static final List<String> FACILITIES = List.of(
            "kern",
            "user",
            "mail",
            "daemon",
            "auth",
            "syslog",
            "lpr",
            "news",
            "uucp",
            "cron",
            "authpriv",
            "ftp",
            "",
            "",
            "",
            "",
            "local0",
            "local1",
            "local2",
            "local3",
            "local4",
            "local5",
            "local6",
            "local7");

    private static final Set<String> OCSP_FLAGS = Set.of(
            "NOCERTS",
            "NOINTERN",
            "NOSIGS",
            "NOCHAIN",
            "NOVERIFY",
            "NOEXPLICIT",
            "NOCASIGN",
            "NODELEGATED",
            "NOCHECKS",
            "TRUSTOTHER",
            "RESPID_KEY",
            "NOTIME");

    private Checks() {}

    static Check oneOf(String problem, String... valid) {
        Set<String> names = Set.of(valid);
        return value -> names.contains(lower(value)) ? null : problem;
    }

    /** Digits that fit into an int. */
    static Check number(String problem) {
        return range(problem, 0, Integer.MAX_VALUE);
    }

    static Check range(String problem, int least, int most) {
        return value -> {
            long number = value != null && value.matches("[0-9]{1,10}") ? Long.parseLong(value) : -1;
            return number >= least && number <= most ? null : problem;
        };
    }

    /** The level of {@code [facility.]level}, or -1. */
    static int level(String value) {
        String name = lower(value.substring(value.indexOf('.') + 1));
        if (name.matches("[0-7]")) {
            return name.charAt(0) - '0';
        }
        if (OTHER_LEVELS.contains(name)) {
            return name.equals("panic") ? 0 : name.equals("error") ? 3 : 4;
        }
        return LEVELS.indexOf(name);
    }

    static @Nullable String debug(@Nullable String value) {
        String text = value == null ? "" : value;
        int dot = text.indexOf('.');
        if (dot >= 0) {
            String facility = lower(text.substring(0, dot));
            if (facility.isEmpty() || !FACILITIES.contains(facility)) {
                return "Illegal syslog facility";
            }
        }
        return level(text) < 0 ? "Illegal debug level" : null;
    }

    static @Nullable String retry(@Nullable String value) {
        boolean millis = value != null && value.matches("[0-9]{1,9}") && Integer.parseInt(value) > 0;
        return millis ? null : YES_NO.apply(value);
    }

    static @Nullable String ocspFlag(@Nullable String value) {
        return value != null && OCSP_FLAGS.contains(value.toUpperCase(Locale.ROOT)) ? null : "Illegal OCSP flag";
    }

    static @Nullable String user(@Nullable String value) {
        return principal(value, true) ? null : "Illegal UID";
    }

    static @Nullable String group(@Nullable String value) {
        return principal(value, false) ? null : "Illegal GID";
    }

    private static boolean principal(@Nullable String value, boolean user) {
        if (value == null || value.isEmpty()) {
            return false;
        }
        if (value.matches("[0-9]{1,9}")) {
            return true;
        }
        try {
            var lookup = FileSystems.getDefault().getUserPrincipalLookupService();
            return (user ? lookup.lookupPrincipalByName(value) : lookup.lookupPrincipalByGroupName(value)) != null;
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }

    static @Nullable String host(@Nullable String value) {
        try {
            return value != null && !value.isEmpty() && InetAddress.getByName(value) != null
                    ? null
                    : "Failed to resolve local address";
        } catch (UnknownHostException e) {
            return "Failed to resolve local address";
        }
    }

    static @Nullable String address(@Nullable String value) {
        try {
            Address.parse(value == null ? "" : value);
            return null;
        } catch (IllegalArgumentException e) {
            return e.getMessage();
        }
    }

    static @Nullable String secrets(@Nullable String value) {
        try {
            return value != null && !value.isEmpty() && Files.isReadable(Path.of(value))
                    ? null
                    : "Failed to read PSK secrets";
        } catch (InvalidPathException e) {
            return "Failed to read PSK secrets";
        }
    }

    static Check ticketSecret(String option) {
        return value -> {
            String digits = value == null ? "" : value.replace(":", "");
            boolean good = digits.matches("[0-9A-Fa-f]+") && (digits.length() == 32 || digits.length() == 64);
            return good ? null : "Failed to read " + option + " (expected: 16 or 32 bytes in hexadecimal)";
        };
    }

    private static String lower(@Nullable String value) {
        return value == null ? "" : value.toLowerCase(Locale.ROOT);
    }
}
