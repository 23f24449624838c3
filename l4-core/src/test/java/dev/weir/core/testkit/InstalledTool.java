package dev.weir.core.testkit;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;

/**
 * Programs of peers that tests need and Maven does not bring: those of {@code testbeds/install-servers.sh}. A test whose
 * program is missing prints {@code SKIPPED-NEEDS: …} and is skipped; continuous integration fails for such a line.
 */
public final class InstalledTool {
    private InstalledTool() {}

    /** The program; where there is none, the test ends as skipped, after a line that says so. */
    public static Path require(String name) {
        return find(name).orElseGet(() -> Assumptions.abort("no " + name));
    }

    /**
     * The program; none, after a line that says so.
     *
     * @param name as it is called ({@code nginx}, {@code h2spec}), or where it is below the folder of tools, if that is a
     *     folder with more in it ({@code aws/bin/moto_server})
     */
    public static Optional<Path> find(String name) {
        Optional<Path> found = find(name, tools(), path());
        if (found.isEmpty()) {
            System.out.println("SKIPPED-NEEDS: " + name);
        }
        return found;
    }

    static Optional<Path> find(String name, Path tools, List<Path> path) {
        List<Path> candidates = new ArrayList<>(List.of(tools.resolve(name)));
        if (!name.contains("/")) {
            candidates.add(tools.resolve(name).resolve(name));
            path.forEach(folder -> candidates.add(folder.resolve(name)));
        }
        return candidates.stream()
                .filter(Files::isRegularFile)
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** Where {@code testbeds/install-servers.sh} puts what is no package. */
    private static Path tools() {
        String tools = System.getenv("WEIR_TOOLS");
        return tools == null || tools.isEmpty()
                ? Path.of(System.getProperty("user.home"), ".cache", "weir-tools")
                : Path.of(tools);
    }

    /** Servers are not on the path of everyone. */
    private static List<Path> path() {
        List<Path> folders = new ArrayList<>();
        for (String folder : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
            if (folder.startsWith("/")) {
                folders.add(Path.of(folder));
            }
        }
        folders.add(Path.of("/usr/sbin"));
        folders.add(Path.of("/usr/local/sbin"));
        return folders;
    }
}
