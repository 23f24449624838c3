package dev.weir.mongo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Where {@code testbeds/install-servers.sh} put SecantusDB, a server that speaks as MongoDB 8.2 does, and the Python with
 * PyMongo that it came with. What servers of this build write lies below {@code target/mongo-servers}.
 */
public final class MongoInstallation {
    private static final Path FOLDER = Path.of("target", "mongo-servers").toAbsolutePath();

    private final Path home;

    private MongoInstallation(Path home) {
        this.home = home;
    }

    /** The one there is; none, and says so, where it was not installed. */
    public static List<MongoInstallation> available() {
        MongoInstallation found = new MongoInstallation(tools().resolve("secantus"));
        for (Path program : List.of(found.server(), found.python())) {
            if (!Files.isExecutable(program)) {
                System.out.println("SKIPPED-NEEDS: SecantusDB and PyMongo, no " + program);
                return List.of();
            }
        }
        return List.of(found);
    }

    /** The program of the server. */
    Path server() {
        return home.resolve("bin/secantusd-py");
    }

    /** A Python with PyMongo, and what it needs for all compressors. */
    public Path python() {
        return home.resolve("bin/python");
    }

    /** Where servers of this build have their files. */
    static Path folder() throws IOException {
        return Files.createDirectories(FOLDER);
    }

    private static Path tools() {
        String tools = System.getenv("WEIR_TOOLS");
        return tools == null || tools.isEmpty()
                ? Path.of(System.getProperty("user.home"), ".cache", "weir-tools")
                : Path.of(tools);
    }

    @Override
    public String toString() {
        return "secantus";
    }
}
