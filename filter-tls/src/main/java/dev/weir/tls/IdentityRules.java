package dev.weir.tls;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.Glob;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Whom a certificate must be for: any of the rules.
 *
 * @param rules empty: anybody
 */
record IdentityRules(List<Rule> rules) {
    /** All that is given must match; each against any of the names of its kind. Patterns with {@code *}, but for {@code host}, which is a name. */
    record Rule(
            @Nullable Glob subject,
            @Nullable Glob commonName,
            @Nullable String host,
            @Nullable Glob dns,
            @Nullable Glob uri,
            @Nullable Glob email,
            @Nullable String ip) {
        boolean matches(CertificateNames names) {
            return (subject == null || subject.matches(names.subject()))
                    && (commonName == null || names.commonName() != null && commonName.matches(names.commonName()))
                    && (host == null || names.isFor(host))
                    && any(dns, names.dns())
                    && any(uri, names.uris())
                    && any(email, names.emails())
                    && (ip == null || names.isFor(ip));
        }

        private static boolean any(@Nullable Glob glob, List<String> names) {
            return glob == null || names.stream().anyMatch(glob::matches);
        }
    }

    static IdentityRules from(ConfigNode node, String key) {
        List<Rule> rules = new ArrayList<>();
        for (ConfigNode one : node.list(key)) {
            if (!one.isMap()) {
                one.error("\"" + one.text()
                        + "\" (expected: a map with subject, common_name, host, dns, uri, email or ip)");
                continue;
            }
            Rule rule = new Rule(
                    glob(one, "subject", false),
                    glob(one, "common_name", false),
                    one.string("host", null),
                    glob(one, "dns", true),
                    glob(one, "uri", false),
                    glob(one, "email", true),
                    one.string("ip", null));
            if (rule.equals(new Rule(null, null, null, null, null, null, null))) {
                one.error("empty (expected: subject, common_name, host, dns, uri, email or ip)");
            }
            one.rejectUnknown();
            rules.add(rule);
        }
        return new IdentityRules(List.copyOf(rules));
    }

    private static @Nullable Glob glob(ConfigNode node, String key, boolean ignoreCase) {
        String text = node.string(key, null);
        if (text == null) {
            return null;
        }
        return new Glob(ignoreCase ? text.toLowerCase(Locale.ROOT) : text, ignoreCase);
    }

    boolean isEmpty() {
        return rules.isEmpty();
    }

    boolean matches(CertificateNames names) {
        return rules.isEmpty() || rules.stream().anyMatch(rule -> rule.matches(names));
    }
}
