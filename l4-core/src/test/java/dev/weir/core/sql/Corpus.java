package dev.weir.core.sql;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Statements with what is expected of them, from {@code src/test/resources/sql}. */
final class Corpus {
    record Case(String sql, SqlMode mode, String expected) {}

    private Corpus() {}

    static List<Case> read(String file) {
        List<Case> cases = new ArrayList<>();
        for (String line : lines(file)) {
            int arrow = line.lastIndexOf(" => ");
            if (arrow > 0 && !line.startsWith("# ")) {
                cases.add(parse(line.substring(0, arrow), line.substring(arrow + 4)));
            }
        }
        return cases;
    }

    static List<String> lines(String file) {
        try (InputStream in = Objects.requireNonNull(Corpus.class.getResourceAsStream("/sql/" + file))) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return List.of(text.substring(0, text.length() - (text.endsWith("\n") ? 1 : 0))
                    .split("\n", -1));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Case parse(String left, String expected) {
        boolean ansi = left.startsWith("ansi:");
        boolean raw = left.startsWith("raw:");
        String sql = ansi || raw ? left.substring(left.indexOf(':') + 1) : left;
        return new Case(sql.replace("\\n", "\n"), new SqlMode(ansi, raw, SqlCharset.PLAIN), expected);
    }
}
