package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StunnelLogTest {
    private static final String TIME = "\\d{4}\\.\\d\\d\\.\\d\\d \\d\\d:\\d\\d:\\d\\d ";

    @TempDir
    Path folder;

    private final ByteArrayOutputStream error = new ByteArrayOutputStream();
    private final StunnelLog log = new StunnelLog(new PrintStream(error, true, StandardCharsets.UTF_8));

    private String said() {
        return error.toString(StandardCharsets.UTF_8);
    }

    private void open(Map<String, String> process) throws Exception {
        log.open(StunnelLog.Settings.of(process, false));
    }

    @Test
    void marksLinesOfAConfigurationThatFails() {
        log.log(StunnelLog.NOTICE, "a");
        log.log(StunnelLog.WARNING, "b");
        log.log(StunnelLog.ERROR, "c");
        log.log(StunnelLog.INFO, "d");

        log.failed();

        assertThat(said()).isEqualTo("[.] a\n[:] b\n[!] c\n[ ] d\n");
    }

    @Test
    void keepsLinesUntilTheConfigurationIsGood() throws Exception {
        log.log(StunnelLog.NOTICE, "early");
        String before = said();

        open(Map.of("foreground", "yes", "syslog", "no"));
        log.log(StunnelLog.NOTICE, "7", "late");

        assertThat(before).isEmpty();
        assertThat(said()).matches(TIME + "LOG5\\[ui\\]: early\n" + TIME + "LOG5\\[7\\]: late\n");
    }

    @Test
    void leavesOutWhatIsAboveItsLevelUnlessAServiceHasItsOwn() throws Exception {
        open(Map.of("foreground", "yes", "syslog", "no", "debug", "4"));

        log.log(StunnelLog.NOTICE, "out");
        log.log(StunnelLog.DEBUG, StunnelLog.DEBUG, "1", "in");

        assertThat(said()).matches(TIME + "LOG7\\[1\\]: in\n");
    }

    @Test
    void writesToAFileAloneWhereItIsQuiet() throws Exception {
        Path file = folder.resolve("x.log");
        open(Map.of("foreground", "quiet", "syslog", "no", "output", file.toString()));

        log.log(StunnelLog.NOTICE, "one\ntwo");

        assertThat(said()).isEmpty();
        assertThat(Files.readString(file)).matches(TIME + "LOG5\\[ui\\]: one two\n");
    }

    @Test
    void opensItsFileAnew() throws Exception {
        Path file = folder.resolve("x.log");
        open(Map.of("syslog", "no", "output", file.toString()));
        log.log(StunnelLog.NOTICE, "first");
        Files.move(file, folder.resolve("old.log"));

        log.reopen();
        log.log(StunnelLog.NOTICE, "second");

        assertThat(Files.readString(folder.resolve("old.log")))
                .contains("first")
                .doesNotContain("second");
        assertThat(Files.readString(file)).contains("second");
    }

    @Test
    void beginsItsFileAnewWhereThatIsAskedFor() throws Exception {
        Path file = folder.resolve("x.log");
        Files.writeString(file, "old");

        open(Map.of("syslog", "no", "output", file.toString(), "log", "overwrite"));
        log.log(StunnelLog.NOTICE, "new");

        assertThat(Files.readString(file)).doesNotContain("old").contains("new");
    }

    @Test
    void changesItsLevelButNotWhetherItIsSeen() throws Exception {
        open(Map.of("foreground", "yes", "syslog", "no"));

        log.change(Map.of("foreground", "quiet", "syslog", "no", "debug", "7"));
        log.log(StunnelLog.DEBUG, "seen");

        assertThat(said()).contains("LOG7[ui]: seen");
    }

    @Test
    void keepsItsFileWhereAnotherOneIsNotToBeHad() throws Exception {
        Path file = folder.resolve("x.log");
        open(Map.of("syslog", "no", "output", file.toString()));

        assertThatThrownBy(() -> log.change(Map.of("syslog", "no", "output", "/no/such/folder/x")))
                .hasMessageContaining("Cannot open log file");
        log.log(StunnelLog.NOTICE, "still there");

        assertThat(Files.readString(file)).contains("still there");
    }
}
