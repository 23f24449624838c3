package dev.weir.proxy;

import dev.weir.core.ConfigTranslator;
import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigException;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.ListenerConfig;
import dev.weir.core.config.ProxyConfig;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A file of stunnel, and what it means here.
 *
 * @param path where it is
 * @param foreign what it means
 */
record StunnelConf(String path, Foreign foreign) {
    private static final String NAME = "stunnel";
    /** Lines of included files have the file's number above these bits, and {@code file:NUMBER} is its name. */
    private static final int LINE_BITS = 24;

    private static final int LARGEST = 16 << 20;

    /** Its listeners could not all be bound. */
    static final class BindException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        BindException(String message) {
            super(message);
        }
    }

    /**
     * Reads the text of one.
     *
     * @throws IOException if there is none
     */
    static String text(String path) throws IOException {
        try (InputStream in = Files.newInputStream(Path.of(path))) {
            byte[] bytes = in.readNBytes(LARGEST + 1);
            if (bytes.length > LARGEST) {
                throw new IOException("too large");
            }
            // Comments may be in any encoding.
            return new String(bytes, StandardCharsets.UTF_8);
        } catch (InvalidPathException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /**
     * Reads and checks one, and tells the log what is to be said of it.
     *
     * @param more what the command line adds
     * @throws ConfigException after its problems have been told
     */
    static StunnelConf read(String path, String text, Map<String, ?> more, StunnelLog log) {
        Made made = new Made(Foreign.translator(NAME, StunnelConf.class.getClassLoader()));
        ClassLoader loader = StunnelConf.class.getClassLoader();
        log.log(StunnelLog.NOTICE, "Reading configuration from file " + path);
        log.log(StunnelLog.NOTICE, "UTF-8 byte order mark " + (text.startsWith("\uFEFF") ? "" : "not ") + "detected");
        try {
            Foreign foreign = Foreign.read(path, text, made, more, loader);
            foreign.translation().notes().forEach(note -> log.log(StunnelLog.WARNING, note));
            log.log(StunnelLog.NOTICE, "Configuration successful");
            return new StunnelConf(path, foreign);
        } catch (ConfigException e) {
            ConfigException placed = placed(path, e, made.files());
            tell(path, placed, log);
            throw placed;
        }
    }

    /** Keeps what a translator has made, also where that proves wrong when it is checked. */
    private static final class Made implements ConfigTranslator {
        private final ConfigTranslator translator;
        private Map<String, String> process = Map.of();

        Made(ConfigTranslator translator) {
            this.translator = translator;
        }

        @Override
        public String name() {
            return translator.name();
        }

        @Override
        public Translation translate(ForeignFile file) {
            Translation translation = translator.translate(file);
            process = translation.process();
            return translation;
        }

        Map<String, String> files() {
            return process;
        }
    }

    /** The same, with the names of included files in the place of the numbers that lines have there. */
    static ConfigException placed(String path, ConfigException e, Map<String, String> process) {
        List<ConfigErrors.Problem> problems = new ArrayList<>();
        for (ConfigErrors.Problem problem : e.problems()) {
            String file = process.get("file:" + (problem.line() >>> LINE_BITS));
            problems.add(
                    file == null
                            ? problem
                            : new ConfigErrors.Problem(
                                    "",
                                    file + ":" + (problem.line() & (1 << LINE_BITS) - 1) + ": " + problem.path() + ": "
                                            + problem.problem(),
                                    0,
                                    0));
        }
        return new ConfigException(path, problems);
    }

    /** Says what is wrong, a line each. */
    static void tell(String path, ConfigException e, StunnelLog log) {
        for (ConfigErrors.Problem problem : e.problems()) {
            String where = problem.line() > 0 ? path + ":" + problem.line() + ": " : "";
            String what = problem.path().isEmpty() ? problem.problem() : problem.path() + ": " + problem.problem();
            log.log(StunnelLog.ERROR, where + what);
        }
        log.log(StunnelLog.ERROR, "Configuration failed");
    }

    Map<String, String> process() {
        return foreign.translation().process();
    }

    ProxyConfig config() {
        return foreign.file().config();
    }

    /** Whether the connection is standard input and output. */
    boolean inetd() {
        return process().entrySet().stream()
                .anyMatch(entry ->
                        entry.getKey().startsWith("bridge:") && entry.getValue().equals("inetd"));
    }

    /** What of the process is named like {@code prefix:NAME}, by the names. */
    Map<String, String> of(String prefix) {
        Map<String, String> found = new LinkedHashMap<>();
        process().forEach((key, value) -> {
            if (key.startsWith(prefix + ":")) {
                found.put(key.substring(prefix.length() + 1), value);
            }
        });
        return found;
    }

    /**
     * The same without the listeners whose addresses are not to be had, where their services have others.
     *
     * @param own addresses that this process has
     * @throws BindException if a service has none
     */
    StunnelConf bindable(Collection<Address> own, StunnelLog log) {
        List<String> lost = new ArrayList<>();
        Map<String, Integer> left = new LinkedHashMap<>();
        for (ListenerConfig listener : config().listeners()) {
            String service = process().getOrDefault("service:" + listener.name(), listener.name());
            left.putIfAbsent(service, 0);
            try {
                FreeAddresses.require(List.of(listener), own);
                left.merge(service, 1, Integer::sum);
            } catch (IllegalStateException e) {
                lost.add(listener.name());
                log.log(
                        StunnelLog.NOTICE,
                        "Binding service [" + service + "] to " + listener.address() + ": " + reason(e));
            }
        }
        left.forEach((service, count) -> {
            if (count == 0) {
                log.log(StunnelLog.ERROR, "Binding service [" + service + "] failed");
                throw new BindException("Binding service [" + service + "] failed");
            }
        });
        return lost.isEmpty() ? this : without(lost);
    }

    private static String reason(IllegalStateException e) {
        Throwable cause = e.getCause();
        String message = cause == null ? String.valueOf(e.getMessage()) : String.valueOf(cause.getMessage());
        if (message.startsWith("Address already in use")) {
            return "Address already in use (98)";
        }
        if (message.startsWith("Permission denied")) {
            return "Permission denied (13)";
        }
        return message.startsWith("Cannot assign requested address") ? "Cannot assign requested address (99)" : message;
    }

    private StunnelConf without(List<String> lost) {
        Map<String, @Nullable Object> plain = new LinkedHashMap<>();
        if (foreign.file().root().plain() instanceof Map<?, ?> all) {
            all.forEach((key, value) -> plain.put(String.valueOf(key), value));
        }
        List<Object> kept = new ArrayList<>();
        if (plain.get("listeners") instanceof List<?> listeners) {
            for (Object one : listeners) {
                if (one instanceof Map<?, ?> listener && !lost.contains(String.valueOf(listener.get("name")))) {
                    kept.add(listener);
                }
            }
        }
        plain.put("listeners", kept);
        ConfigErrors errors = new ConfigErrors();
        ConfigNode root = ConfigNode.of(plain, errors);
        ConfigFile file = new ConfigFile(path, root, ProxyConfig.from(root), errors);
        return new StunnelConf(path, new Foreign(file, foreign.translation()));
    }

    /** For tests and for the reader: the translation. */
    ConfigTranslator.Translation translation() {
        return foreign.translation();
    }
}
