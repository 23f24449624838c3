package dev.weir.tls.stunnel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The table of options in {@code docs/stunnel.md}. */
class StunnelDocsTest {
    @Test
    void tellsWhatBecomesOfEachOption() throws IOException {
        List<String> rows = Files.readAllLines(document()).stream()
                .filter(line -> line.startsWith("| `"))
                .toList();

        for (StunnelOption option : StunnelOptions.all()) {
            Pattern named = Pattern.compile("^\\|[^|]*`" + Pattern.quote(option.name()) + "`[^|]*\\|.*");
            assertThat(rows)
                    .as(option.name())
                    .anyMatch(row -> named.matcher(row).matches());
        }
    }

    private static Path document() {
        Path here = Path.of("").toAbsolutePath();
        while (!Files.exists(here.resolve("docs/stunnel.md"))) {
            here = here.getParent();
        }
        return here.resolve("docs/stunnel.md");
    }
}
