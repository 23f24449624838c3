package dev.weir.proxy;

import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Third parties' filters: the jars of a folder. */
final class Plugins {
    private Plugins() {}

    /**
     * A class loader that knows the jars in {@code folder}, or without one those in {@code plugins/} beside the
     * program. It lives as long as the process.
     */
    static ClassLoader loader(@Nullable Path folder) {
        Path searched = folder != null ? folder : beside();
        if (folder != null && !Files.isDirectory(folder)) {
            throw new UsageException("--plugins: \"" + folder + "\" (expected: a folder with jars)");
        }
        List<URL> jars = searched == null ? List.of() : jars(searched);
        ClassLoader own = Plugins.class.getClassLoader();
        return jars.isEmpty() ? own : new URLClassLoader("plugins", jars.toArray(new URL[0]), own);
    }

    private static List<URL> jars(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            List<URL> jars = new ArrayList<>();
            for (Path file : files.sorted().toList()) {
                if (file.toString().endsWith(".jar")) {
                    jars.add(file.toUri().toURL());
                }
            }
            return jars;
        } catch (MalformedURLException impossible) {
            throw new IllegalStateException(impossible);
        } catch (IOException e) {
            throw new UsageException("--plugins: \"" + folder + "\" cannot be read: " + e.getMessage());
        }
    }

    /** The program lies in {@code lib/}; its plugins beside that. */
    private static @Nullable Path beside() {
        try {
            CodeSource source = Plugins.class.getProtectionDomain().getCodeSource();
            Path jar = source == null ? null : Path.of(source.getLocation().toURI());
            Path lib = jar == null || !jar.toString().endsWith(".jar") ? null : jar.toAbsolutePath().getParent();
            return lib == null || lib.getParent() == null ? null : lib.getParent().resolve("plugins");
        } catch (URISyntaxException e) {
            return null;
        }
    }
}
