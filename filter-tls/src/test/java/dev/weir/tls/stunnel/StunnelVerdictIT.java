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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real stunnel reads the same files: it accepts and refuses the same ones, with the same words. */
class StunnelVerdictIT {
    private static final Path STUNNEL = Path.of("/usr/bin/stunnel4");
    private static final String ACCEPTED = "Configuration successful";
    private static final String FAILED = "Configuration failed";

    @TempDir
    Path folder;

    @Test
    void acceptsAndRefusesWhatStunnelDoes() throws Exception {
        Assumptions.assumeTrue(Files.isExecutable(STUNNEL), "no stunnel");
        List<String> wrong = new ArrayList<>();

        for (Conf conf : new ConfFiles(folder).withCertificates().all()) {
            String said = stunnel(conf);
            boolean accepted = said.contains(ACCEPTED);
            boolean expected = conf.good() || conf.expected().startsWith("weir ");
            if (!accepted && !said.contains(FAILED)) {
                wrong.add(conf + ": no verdict: " + said);
            } else if (accepted != expected) {
                wrong.add(conf + ": expected " + conf.expected() + ", stunnel said " + said);
            } else if (!accepted && !said.contains(conf.problem())) {
                wrong.add(conf + ": other words than " + conf.problem() + ": " + said);
            }
        }

        assertThat(wrong).isEmpty();
    }

    /** What it says until it has a verdict. */
    private String stunnel(Conf conf) throws IOException, InterruptedException {
        Path file = folder.resolve(conf.name() + ".conf");
        Path log = folder.resolve(conf.name() + ".log");
        Files.writeString(file, conf.text());
        Process process = new ProcessBuilder(STUNNEL.toString(), file.toString())
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
