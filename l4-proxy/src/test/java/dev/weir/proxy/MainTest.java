package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The command line: what it says and its exit codes. */
class MainTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(String... args) {
        PrintStream outStream = new PrintStream(out, true, StandardCharsets.UTF_8);
        PrintStream errStream = new PrintStream(err, true, StandardCharsets.UTF_8);
        return new Main(new Terminal(outStream, errStream, code -> {})).run(args);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void saysItsVersion() {
        assertThat(run("--version")).isZero();
        assertThat(out()).startsWith("weir ");
    }

    @Test
    void listsItsCommands() {
        assertThat(run("--help")).isZero();
        assertThat(out())
                .contains("run", "check", "reload", "sniff", "replay", "top", "demo", "nutcracker", "stunnel")
                .doesNotContain("train");
    }

    @Test
    void showsHelpAndFailsWithoutACommand() {
        assertThat(run()).isEqualTo(2);
        assertThat(out()).contains("Usage: weir COMMAND");
    }

    @ParameterizedTest
    @ValueSource(strings = {"run", "check", "reload", "sniff", "replay", "top", "demo", "nutcracker", "stunnel"})
    void explainsEachCommand(String command) {
        assertThat(run(command, "--help")).isZero();
        assertThat(out()).startsWith("Usage: weir " + command + " ");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "chek|unknown command \"chek\" (did you mean \"check\"?); weir --help lists all",
                "xyzzy|unknown command \"xyzzy\" (expected: run, check, reload, sniff, replay, top, demo, nutcracker, stunnel); weir --help lists all",
                "check|Missing required parameter: 'FILE'; weir check --help explains",
                "check a b|Unmatched argument at index 1: 'b'; weir check --help explains",
                "top --bye x|Unknown options: '--bye', 'x'; weir top --help explains",
                "top --by comand|--by: \"comand\" (did you mean \"command\"?)",
                "top --sort call|--sort: \"call\" (did you mean \"calls\"?)",
                "top --admin 9901|--admin: \"9901\" (expected: host:port, [v6]:port or unix:/path)",
                "demo --for soon|--for: \"soon\" (expected: a duration such as 250ms, 5s, 1m, 1h)",
                "demo --admin x|--admin: \"x\" (expected: host:port, [v6]:port or unix:/path)",
                "run --plugins /nope f|--plugins: \"/nope\" (expected: a folder with jars)"
            })
    void refusesBadUsage(String line, String message) {
        assertThat(run(line.split(" "))).isEqualTo(2);
        assertThat(err()).isEqualTo("weir: " + message + "\n");
        assertThat(out()).isEmpty();
    }

    @Test
    void checksAFile(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("weir.yaml"), """
                listeners: [ { name: a, address: "127.0.0.1:0", filters: [ { type: echo } ] } ]
                """);

        assertThat(run("check", file.toString())).isZero();
        assertThat(out()).isEqualTo(file + ": ok, 1 listener, 0 clusters\n");
    }

    @Test
    void reportsABadFile(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("weir.yaml"), "listeners: 1\n");

        for (String command : new String[] {"check", "run"}) {
            err.reset();
            assertThat(run(command, file.toString())).isEqualTo(2);
            assertThat(err()).startsWith(file + ": ").contains("listeners").doesNotContain("\tat ");
        }
    }

    @Test
    void failsWhereNoProxyAnswers() {
        assertThat(run("reload", "--admin", "127.0.0.1:1")).isEqualTo(1);
        assertThat(err()).isEqualTo("weir: no admin server answers at 127.0.0.1:1: Connection refused\n");
        err.reset();
        assertThat(run("top", "--once", "--admin", "unix:/nope/weir.sock")).isEqualTo(1);
        assertThat(err()).startsWith("weir: no admin server answers at unix:/nope/weir.sock: ");
    }
}
