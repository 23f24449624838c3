package dev.weir.tls.stunnel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.tls.stunnel.ConfFiles.Conf;
import dev.weir.tls.stunnel.ConfFiles.Read;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What Weir makes of each file: accepted, or refused with the words that the file expects. */
class ConfFilesTest {
    @TempDir
    Path folder;

    @Test
    void readsEachFileAsItExpects() {
        List<String> wrong = new ArrayList<>();

        for (Conf conf : new ConfFiles(folder).all()) {
            Read read = ConfFiles.read(conf.text());
            if (conf.good() && !read.problems().isEmpty()) {
                wrong.add(conf + ": " + read.problems());
            } else if (!conf.good() && !first(read).contains(conf.problem())) {
                wrong.add(conf + ": " + read.problems() + ", expected " + conf.problem());
            }
        }

        assertThat(wrong).isEmpty();
    }

    /** Errors of look-ups stand before the line or the service that they concern. */
    private static String first(Read read) {
        return read.problems().stream()
                .filter(problem -> !problem.startsWith("Error resolving"))
                .findFirst()
                .orElse("");
    }

    @Test
    void hasEnoughOfThem() {
        assertThat(new ConfFiles(folder).all()).hasSizeGreaterThan(60);
    }
}
