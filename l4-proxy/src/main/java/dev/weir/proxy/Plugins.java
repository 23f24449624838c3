package dev.weir.proxy;

import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Third parties' filters: the jars of a folder. */
final class Plugins {
    private Plugins() {}

    /**
     * A class loader that knows the jars in {@code folder} as well; it lives as long as the process. Without a folder
     * it is the program's own: the launcher has put the jars of {@code plugins/} on its class path.
     */
    static ClassLoader loader(@Nullable Path folder) {
        ClassLoader own = Plugins.class.getClassLoader();
        if (folder == null) {
            return own;
        }
        if (!Files.isDirectory(folder)) {
            throw new UsageException("--plugins: \"" + folder + "\" (expected: a folder with jars)");
        }
        List<URL> jars = jars(folder);
        return jars.isEmpty() ? own : new URLClassLoader("plugins", jars.toArray(new URL[0]), own);
    }

    private static List<URL> jars(Path folder) {
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
}
