package dev.weir.core.sql;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/**
 * Statements have the same digest exactly if they have the same one by peers; each rule that says otherwise is a
 * difference listed in {@code docs/filters/mysql.md}. What servers say was written by {@code src/test/scripts/peer-digests.py}.
 */
class PeerDigestsTest {
    private static final List<String> CORPUS =
            Corpus.lines("corpus.txt").stream().map(PeerDigestsTest::unescape).toList();

    /** A deliberate difference: what is not told apart there, or here, is taken out of that side's text. */
    private record Difference(Pattern pattern, String replacement) {
        static Difference of(String regex, String replacement) {
            return new Difference(Pattern.compile(regex), replacement);
        }
    }

    private static String unescape(String line) {
        return line.replace("\\\\", "\0")
                .replace("\\n", "\n")
                .replace("\\t", "\t")
                .replace('\0', '\\');
    }

    private static String ours(String sql) {
        SqlNormalizer normalizer = new SqlNormalizer();
        byte[] bytes = sql.getBytes(StandardCharsets.UTF_8);
        normalizer.normalize(bytes, 0, bytes.length, SqlMode.DEFAULT, false);
        return normalizer.text();
    }

    /** In the order of the table in docs/filters/mysql.md. */
    private static final List<Difference> SERVERS = List.of(
            Difference.of("VALUES \\((?:\\?|\\.\\.\\.)\\)(?: /\\* , \\.\\.\\. \\*/)?", "VALUES (?)"),
            Difference.of("\\?, \\.\\.\\.", "?"),
            Difference.of("\\b(?:TRUE|FALSE)\\b", "?"),
            Difference.of("\\(_charset\\) \\?", "?"),
            Difference.of("\\? \\?", "?"),
            Difference.of(":= - \\?", ":= ?"));

    /** What MariaDB does besides. */
    private static final List<Difference> MARIADB = List.of(
            Difference.of("([=<>(,]|THEN|ELSE) [-+] \\?", "$1 ?"),
            Difference.of("IN \\(\\.\\.\\.\\)", "IN (?)"),
            Difference.of("\\(unknown\\)", "?"));

    /** Words that are keywords in few places keep their case here; MariaDB has no optimizer hints. */
    private static final List<Difference> OURS =
            List.of(Difference.of("\\(Year FROM", "(YEAR FROM"), Difference.of("/\\*\\+ .*? \\*/ ", ""));

    @Test
    void groupsAsMySqlDoes() {
        compare(Corpus.lines("mysql.txt"), sql -> sql.contains("/*M!"), SERVERS, List.of(OURS.get(0)));
    }

    @Test
    void groupsAsMariaDbDoes() {
        List<Difference> there = new ArrayList<>(MARIADB);
        there.addAll(SERVERS);
        compare(Corpus.lines("mariadb.txt"), sql -> false, there, OURS);
    }

    /** What pt-fingerprint does not read as a server does, so that there is nothing to compare. */
    private static final Pattern BEYOND_PT = Pattern.compile(
            "[;#`\\\\]|--|^\\(|\\b0[xb]\\w|\\d[eE]|\\.\\d|\\d\\.|''|\"\"" + "|[-+] ?[-+]|[- ]- ?\\d|\\w'|/\\*|\\+\\d");

    /** Space, and what is told apart here only. */
    private static final List<Difference> PT_OURS = List.of(
            Difference.of("\\s*([-=<>,()*/+|&.~!%@:]+)\\s*", "$1"),
            Difference.of("\\?(?:[-,]\\?)+", "?"),
            Difference.of("(?i)call p1?\\b.*", "call p"),
            Difference.of("(?i)(?<=values)\\(\\??\\).*", "(?)"),
            Difference.of("(?i) offset \\?", ""),
            Difference.of("(?i)use \\w+", "use ?"),
            Difference.of("(?i)(is(?: not)?) (?:null|true|false)", "$1 ?"));

    private static final List<Difference> PT = List.of(
            Difference.of("\\s*([-=<>,()*/+|&.~!%@:]+)\\s*", "$1"),
            Difference.of("\\(\\?\\+\\)", "(?)"),
            Difference.of("\\?(?:,\\?)+", "?"),
            Difference.of("!=", "<>"),
            Difference.of("\\b(?:true|false)\\b", "?"),
            Difference.of("(?<=values\\(\\?\\))on duplicate.*", ""),
            Difference.of("^use test$", "use ?"),
            Difference.of("call p1", "call p"),
            Difference.of("@\\w+", "@?"));

    @Test
    void groupsAsPtFingerprintDoes() throws IOException, InterruptedException {
        Path tool = Path.of("/usr/bin/pt-fingerprint");
        if (!Files.isExecutable(tool)) {
            System.out.println("SKIPPED-NEEDS: percona-toolkit");
            Assumptions.abort("percona-toolkit");
        }
        Predicate<String> skipped = BEYOND_PT.asPredicate();
        StringBuilder input = new StringBuilder();
        for (String sql : CORPUS) {
            if (!skipped.test(sql)) {
                input.append(sql.replace('\n', ' ')).append(";\n");
            }
        }
        Path file = Files.writeString(Files.createTempFile("corpus", ".sql"), input);
        Process process = new ProcessBuilder(tool.toString(), "--match-embedded-numbers", file.toString())
                .redirectErrorStream(true)
                .start();
        List<String> prints = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .toList();
        assertThat(process.waitFor()).isZero();
        Files.delete(file);
        Iterator<String> next = prints.iterator();
        List<String> peer = new ArrayList<>();
        for (String sql : CORPUS) {
            peer.add(skipped.test(sql) ? "" : next.next());
        }
        assertThat(next).isExhausted();
        compare(peer, skipped, PT, PT_OURS);
    }

    private static String apply(List<Difference> differences, String text) {
        String result = text;
        for (Difference d : differences) {
            result = d.pattern().matcher(result).replaceAll(d.replacement());
        }
        return result;
    }

    private static void compare(
            List<String> peer, Predicate<String> skipped, List<Difference> there, List<Difference> here) {
        assertThat(CORPUS).hasSameSizeAs(peer);
        Map<String, TreeSet<String>> byPeer = new TreeMap<>();
        Map<String, TreeSet<String>> byUs = new TreeMap<>();
        int compared = 0;
        for (int i = 0; i < peer.size(); i++) {
            if (!peer.get(i).isEmpty() && !skipped.test(CORPUS.get(i))) {
                String theirs = apply(there, peer.get(i));
                String ours = apply(here, ours(CORPUS.get(i)));
                ours = here == PT_OURS ? ours.toLowerCase(Locale.ROOT) : ours;
                byPeer.computeIfAbsent(theirs, k -> new TreeSet<>()).add(ours);
                byUs.computeIfAbsent(ours, k -> new TreeSet<>()).add(theirs);
                compared++;
            }
        }
        List<String> wrong = new ArrayList<>();
        byPeer.forEach((theirs, ours) -> {
            if (ours.size() > 1) {
                wrong.add("one there: " + theirs + "\n  several here: " + String.join("\n    ", ours));
            }
        });
        byUs.forEach((ours, theirs) -> {
            if (theirs.size() > 1) {
                wrong.add("one here: " + ours + "\n  several there: " + String.join("\n    ", theirs));
            }
        });
        assertThat(compared).isGreaterThan(250);
        assertThat(wrong).isEmpty();
    }
}
