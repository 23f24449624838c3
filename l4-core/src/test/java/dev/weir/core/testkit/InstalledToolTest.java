package dev.weir.core.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InstalledToolTest {
    @TempDir
    Path tools;

    @TempDir
    Path first;

    @TempDir
    Path second;

    private static Path program(Path file) throws IOException {
        Files.createDirectories(file.getParent());
        Files.createFile(file);
        assertThat(file.toFile().setExecutable(true)).isTrue();
        return file;
    }

    @Test
    void looksAlongThePath() throws IOException {
        Path program = program(second.resolve("nginx"));

        assertThat(InstalledTool.find("nginx", tools, List.of(first, second))).contains(program);
    }

    @Test
    void prefersTheFolderOfTools() throws IOException {
        program(first.resolve("h2spec"));
        Path program = program(tools.resolve("h2spec/h2spec"));

        assertThat(InstalledTool.find("h2spec", tools, List.of(first))).contains(program);
    }

    @Test
    void findsWhatIsDeeperInTheFolderOfTools() throws IOException {
        Path program = program(tools.resolve("aws/bin/moto_server"));

        assertThat(InstalledTool.find("aws/bin/moto_server", tools, List.of(first)))
                .contains(program);
    }

    @Test
    void passesOverFoldersAndFilesThatCannotRun() throws IOException {
        Files.createDirectories(first.resolve("wrk"));
        Files.createFile(second.resolve("wrk"));

        assertThat(InstalledTool.find("wrk", tools, List.of(first, second))).isEmpty();
    }
}
