package dev.weir.proxy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Takes secrets out of a configuration that is shown: by the names of keys, so also those of filters nobody here knows. */
final class Redaction {
    static final String SHOWN = "(redacted)";

    private static final Pattern SECRET = Pattern.compile("passw|passphrase|secret|credential|private"
            + "|(^|_)(header|pass|token|auth|requirepass|masterauth|psk)($|_)"
            + "|(^|_)(api|access|secret|account|encryption|signing|ssl|tls)_?key"
            + "|(^|_)key($|_(pem|data|material))");
    private static final Pattern URL_PASSWORD = Pattern.compile("(://[^/@\\s:]*:)[^@/\\s]+@");

    private Redaction() {}

    /** A copy of {@code plain} without secrets. */
    static @Nullable Object redact(@Nullable Object plain) {
        if (plain instanceof Map<?, ?> map) {
            Map<String, @Nullable Object> copy = new LinkedHashMap<>();
            map.forEach((key, value) -> {
                String name = String.valueOf(key);
                boolean secret = SECRET.matcher(name.toLowerCase(Locale.ROOT).replace('-', '_'))
                        .find();
                boolean single = value != null && !(value instanceof Boolean);
                copy.put(name, secret && single ? SHOWN : redact(value));
            });
            return copy;
        }
        if (plain instanceof List<?> list) {
            List<@Nullable Object> copy = new ArrayList<>();
            list.forEach(element -> copy.add(redact(element)));
            return copy;
        }
        if (plain instanceof String text) {
            return text.startsWith("-----BEGIN")
                    ? SHOWN
                    : URL_PASSWORD.matcher(text).replaceAll("$1" + SHOWN + "@");
        }
        return plain;
    }
}
