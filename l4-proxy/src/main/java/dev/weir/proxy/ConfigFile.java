package dev.weir.proxy;

import dev.weir.core.Proxy;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigException;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.ProxyConfig;
import dev.weir.core.config.Units;

/**
 * A configuration read from a file.
 *
 * @param source the name of the file as given
 * @param root everything in it, for showing it
 * @param config what it means
 * @param errors problems that were found so far
 */
record ConfigFile(String source, ConfigNode root, ProxyConfig config, ConfigErrors errors) {
    private static final String DIRECT_MEMORY = "io.netty.maxDirectMemory";

    /**
     * Reads and checks a file: every problem that can be found without starting anything.
     *
     * @throws ConfigException with all problems
     */
    static ConfigFile load(String source, ClassLoader loader) {
        return check(read(source), loader);
    }

    /** The same for text that is at hand. */
    static ConfigFile parse(String source, String text, ClassLoader loader) {
        return check(read(source, text), loader);
    }

    /**
     * Reads a file whose configuration is to be applied at once. Whether filters and references are right is left to
     * that, unless there are problems already: to check everything twice would cost time at each start.
     *
     * @throws ConfigException with all problems, if there are any so far
     */
    static ConfigFile read(String source, ClassLoader loader) {
        ConfigFile file = read(source);
        return file.errors.isEmpty() ? file : check(file, loader);
    }

    /** What applying it had to say, with the name of the file. */
    ConfigException named(ConfigException e) {
        return new ConfigException(source, e.problems());
    }

    private static ConfigFile read(String source) {
        ConfigErrors errors = new ConfigErrors();
        String text = TextFile.read(source, errors);
        errors.throwIfAny(source);
        return read(source, text);
    }

    private static ConfigFile read(String source, String text) {
        ConfigErrors errors = new ConfigErrors();
        ConfigNode root = YamlReader.read(text, errors);
        if (root == null) {
            throw new ConfigException(source, errors.problems());
        }
        limitBuffers(root);
        return new ConfigFile(source, root, ProxyConfig.from(root), errors);
    }

    private static ConfigFile check(ConfigFile file, ClassLoader loader) {
        Proxy.check(file.config, loader);
        file.errors.throwIfAny(file.source);
        return file;
    }

    /** Netty reads its limit once, when its first class that needs it is loaded: so before any other key is read. */
    private static void limitBuffers(ConfigNode root) {
        if (root.plain() instanceof java.util.Map<?, ?> map
                && map.get("memory") instanceof java.util.Map<?, ?> memory
                && memory.get("buffers") != null
                && System.getProperty(DIRECT_MEMORY) == null) {
            try {
                long bytes = Units.size(String.valueOf(memory.get("buffers")));
                if (bytes >= 4 << 20) {
                    System.setProperty(DIRECT_MEMORY, Long.toString(bytes));
                }
            } catch (IllegalArgumentException e) {
                // reported when the key is read
            }
        }
    }
}
