package dev.weir.proxy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The files of the repository, for tests that compare documents with code. */
final class Repository {
    private Repository() {}

    /** Its root: tests run in the folder of the module. */
    static Path root() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(folder.resolve("docs")) || !Files.isDirectory(folder.resolve("l4-core"))) {
            folder = folder.getParent();
            if (folder == null) {
                throw new IllegalStateException(
                        "no folder with docs/ and l4-core/ above " + Path.of("").toAbsolutePath());
            }
        }
        return folder;
    }

    /** Files below {@code folders} whose names end with {@code end}. */
    static List<Path> files(String end, String... folders) {
        return Stream.of(folders)
                .flatMap(folder -> walk(root().resolve(folder)))
                .filter(file -> file.toString().endsWith(end))
                .sorted()
                .toList();
    }

    private static Stream<Path> walk(Path folder) {
        if (!Files.exists(folder)) {
            return Stream.of();
        }
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
