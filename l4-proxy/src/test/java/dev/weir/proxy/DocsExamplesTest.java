package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.ConfigException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every configuration in the documents, and every one that is distributed, can be used as it stands. */
class DocsExamplesTest {
    private static final Pattern BLOCK = Pattern.compile("(?ms)^( *)```yaml\n(.*?)^ *```$");

    @AfterEach
    void forgetLimits() {
        System.clearProperty("io.netty.maxDirectMemory");
    }

    private static List<Path> documents() {
        return Stream.concat(
                        Stream.of(Repository.root().resolve("README.md")), Repository.files(".md", "docs").stream())
                .toList();
    }

    @TestFactory
    List<DynamicTest> examplesAreValid() throws Exception {
        List<DynamicTest> tests = new ArrayList<>();
        for (Path document : documents()) {
            Matcher block = BLOCK.matcher(Files.readString(document));
            for (int i = 1; block.find(); i++) {
                String text = block.group(2).replaceAll("(?m)^" + block.group(1), "");
                if (text.contains("listeners:")) {
                    String name = Repository.root().relativize(document) + " #" + i;
                    tests.add(DynamicTest.dynamicTest(name, () -> check(name, text)));
                }
            }
        }
        for (Path file : Repository.files(".yaml", "l4-proxy/src/dist/conf")) {
            tests.add(DynamicTest.dynamicTest(
                    file.getFileName().toString(), () -> check(file.toString(), Files.readString(file))));
        }
        return tests;
    }

    private static void check(String name, String text) {
        try {
            ConfigFile file = ConfigFile.parse(name, text, DocsExamplesTest.class.getClassLoader());
            assertThat(file.config().listeners()).isNotEmpty();
        } catch (ConfigException e) {
            // Keys and certificates are the reader's own.
            assertThat(e.problems()).allMatch(problem -> problem.problem().endsWith("does not exist"));
        }
    }

    @Test
    void documentsLinkToDocumentsThatExist() throws Exception {
        Pattern link = Pattern.compile("]\\(((?!https?:)[^)#]+)(#[^)]*)?\\)");
        List<String> missing = new ArrayList<>();
        for (Path document :
                List.of("docs/admin.md", "docs/command-line.md", "docs/configuration.md", "docs/metrics.md").stream()
                        .map(Repository.root()::resolve)
                        .toList()) {
            Matcher links = link.matcher(Files.readString(document));
            while (links.find()) {
                if (!Files.exists(document.resolveSibling(links.group(1)))) {
                    missing.add(document.getFileName() + " → " + links.group(1));
                }
            }
        }

        assertThat(missing).isEmpty();
    }

    @Test
    void theListOfPathsIsComplete() throws Exception {
        String document = Files.readString(Repository.root().resolve("docs/admin.md"));

        for (String path : new AdminRoutes(new FakeSource()).paths()) {
            assertThat(document).contains("`" + path);
        }
    }
}
