package dev.weir.proxy;

import dev.weir.core.ConfigTranslator;
import dev.weir.core.ConfigTranslator.ForeignFile;
import dev.weir.core.ConfigTranslator.Translation;
import dev.weir.core.Proxy;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.ProxyConfig;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/**
 * The configuration file of another program, and what it means here.
 *
 * @param file the same as a configuration of Weir
 * @param translation what came of it
 */
record Foreign(ConfigFile file, Translation translation) {
    /** Finds the translator of a program. */
    static ConfigTranslator translator(String name, ClassLoader loader) {
        try {
            for (ConfigTranslator translator : ServiceLoader.load(ConfigTranslator.class, loader)) {
                if (translator.name().equals(name)) {
                    return translator;
                }
            }
        } catch (ServiceConfigurationError e) {
            throw new IllegalStateException("cannot load an extension: " + e.getMessage(), e);
        }
        throw new UsageException("no translator for files of " + name + " is installed");
    }

    /**
     * Reads and checks one.
     *
     * @param more what the command line says, as keys of Weir's configuration; it stands above the file
     * @throws dev.weir.core.config.ConfigException with all problems
     */
    static Foreign read(String source, ConfigTranslator translator, Map<String, ?> more, ClassLoader loader) {
        ConfigErrors errors = new ConfigErrors();
        String text = TextFile.read(source, errors);
        errors.throwIfAny(source);
        return read(source, text, translator, more, loader);
    }

    /** The same for text that is at hand. */
    static Foreign read(
            String source, String text, ConfigTranslator translator, Map<String, ?> more, ClassLoader loader) {
        ConfigErrors errors = new ConfigErrors();
        Translation translation = translator.translate(new Text(source, text, errors));
        errors.throwIfAny(source);
        Map<String, @Nullable Object> plain = new LinkedHashMap<>(more);
        translation.configuration().forEach(plain::putIfAbsent);
        ConfigNode root = ConfigNode.of(plain, errors);
        ProxyConfig config = ProxyConfig.from(root);
        Proxy.check(config, loader);
        errors.throwIfAny(source);
        return new Foreign(new ConfigFile(source, root, config, errors), translation);
    }

    /** A file that has been read. */
    private record Text(String name, String text, ConfigErrors errors) implements ForeignFile {
        @Override
        public ConfigNode yaml(String root) {
            ConfigNode read = YamlReader.read(text, new YamlReader.Root(root, false), errors);
            return read == null ? ConfigNode.of(Map.of(), errors) : read;
        }
    }
}
