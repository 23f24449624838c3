package dev.weir.tls.stunnel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.tls.stunnel.ConfFiles.Conf;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Real stunnel, 5.68 and newer, reads the same files: it accepts and refuses the same ones; 5.68 with the same words. */
class StunnelVerdictIT {
    private static final String ACCEPTED = "Configuration successful";
    private static final String FAILED = "Configuration failed";
    /** Other versions word a few things otherwise. */
    private static final String WORDS_OF = "stunnel 5.68 on";

    @TempDir
    Path folder;

    /** That of this Debian, and that of Debian sid in the folder that testbeds/install-servers.sh fills. */
    static List<List<String>> programs() {
        String tools = System.getenv("WEIR_TOOLS");
        String sid = (tools == null ? System.getProperty("user.home") + "/.cache/weir-tools" : tools) + "/sid";
        String libraries = sid + "/usr/lib/x86_64-linux-gnu";
        return List.of(
                List.of("/usr/bin/stunnel4"),
                List.of(libraries + "/ld-linux-x86-64.so.2", "--library-path", libraries, sid + "/usr/bin/stunnel4"));
    }

    @ParameterizedTest
    @MethodSource("programs")
    void acceptsAndRefusesWhatStunnelDoes(List<String> program) throws Exception {
        String binary = program.get(program.size() - 1);
        Assumptions.assumeTrue(Files.isExecutable(Path.of(binary)), "no " + binary);
        List<String> wrong = new ArrayList<>();

        for (Conf conf : new ConfFiles(folder).withCertificates().all()) {
            String said = stunnel(program, conf);
            boolean accepted = said.contains(ACCEPTED);
            boolean expected = conf.good() || conf.expected().startsWith("weir ");
            if (!accepted && !said.contains(FAILED)) {
                wrong.add(conf + ": no verdict: " + said);
            } else if (accepted != expected) {
                wrong.add(conf + ": expected " + conf.expected() + ", stunnel said " + said);
            } else if (!accepted && said.contains(WORDS_OF) && !said.contains(conf.problem())) {
                wrong.add(conf + ": other words than " + conf.problem() + ": " + said);
            }
        }

        assertThat(wrong).isEmpty();
    }

    /** What it says until it has a verdict. */
    private String stunnel(List<String> program, Conf conf) throws IOException, InterruptedException {
        Path file = folder.resolve(conf.name() + ".conf");
        Path log = folder.resolve(conf.name() + ".log");
        Files.writeString(file, conf.text());
        List<String> command = new ArrayList<>(program);
        command.add(file.toString());
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectInput(ProcessBuilder.Redirect.PIPE)
                .redirectError(log.toFile())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            for (int i = 0; i < 500; i++) {
                String said = Files.readString(log);
                boolean own = conf.name().equals("log-options") && process.isAlive() && i > 20;
                if (said.contains(ACCEPTED) || said.contains(FAILED) || own) {
                    return own ? ACCEPTED : said;
                }
                if (process.waitFor(10, TimeUnit.MILLISECONDS)) {
                    return Files.readString(log);
                }
            }
            return Files.readString(log);
        } finally {
            process.destroyForcibly().waitFor();
        }
    }
}
