package dev.weir.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The Java in the documents is the Java that is compiled and tested here, but for its indentation. */
class DocumentsTest {
    private static final Pattern JAVA = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

    @ParameterizedTest
    @ValueSource(strings = {"docs/embedding.md", "docs/writing-filters.md"})
    void showsOnlyCodeThatIsTested(String document) throws IOException {
        List<String> sources = sources();
        Matcher blocks = JAVA.matcher(Files.readString(root().resolve(document)));
        int found = 0;

        while (blocks.find()) {
            found++;
            for (String piece : blocks.group(1).split("\n *…\n", -1)) {
                String wanted = flat(piece);
                assertThat(sources)
                        .as("code in %s that is in no source file:\n%s", document, piece)
                        .anyMatch(source -> source.contains(wanted));
            }
        }

        assertThat(found).isGreaterThan(3);
    }

    /** Without indentation and blank lines at the ends. */
    private static String flat(String code) {
        return code.lines()
                .map(String::strip)
                .reduce("", (a, b) -> a + "\n" + b)
                .strip();
    }

    private static List<String> sources() throws IOException {
        List<String> sources = new ArrayList<>();
        try (Stream<Path> files = Files.walk(root().resolve("examples/memcached-stats/src"))) {
            for (Path file : (Iterable<Path>) files.filter(f -> f.toString().endsWith(".java"))::iterator) {
                sources.add(flat(Files.readString(file)));
            }
        }
        return sources;
    }

    private static Path root() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.exists(folder.resolve("docs/design"))) {
            folder = folder.getParent();
        }
        return folder;
    }
}
