package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.ProxyConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The units of systemd in the documents: they are units, they fit the program, and systemd finds nothing wrong with them. */
class SystemdUnitsTest {
    private static final Path ANALYZE = Path.of("/usr/bin/systemd-analyze");
    private static final Pattern BLOCK = Pattern.compile("(?ms)^```ini\n# (\\S+)\n(.*?)^```$");
    private static final Pattern SECTION = Pattern.compile("\\[(\\w+)]");
    private static final Pattern SETTING = Pattern.compile("([A-Z]\\w*)=(\\S.*)");

    @TempDir
    Path folder;

    /** Units by the names of their files. */
    private static Map<String, String> units() throws IOException {
        Map<String, String> units = new LinkedHashMap<>();
        Matcher block =
                BLOCK.matcher(Files.readString(Repository.root().resolve("docs").resolve("operations.md")));
        while (block.find()) {
            units.put(block.group(1), block.group(2));
        }
        return units;
    }

    /** The settings of a unit, as {@code Section.Key}. */
    private static Map<String, String> settings(String unit) {
        Map<String, String> settings = new HashMap<>();
        String section = "";
        for (String line : unit.lines().filter(line -> !line.isBlank()).toList()) {
            Matcher header = SECTION.matcher(line);
            Matcher setting = SETTING.matcher(line);
            if (header.matches()) {
                section = header.group(1);
            } else {
                assertThat(setting.matches()).as(line).isTrue();
                assertThat(settings.put(section + "." + setting.group(1), setting.group(2)))
                        .as(line)
                        .isNull();
            }
        }
        return settings;
    }

    @Test
    void areUnitsThatFitTheProgram() throws Exception {
        Map<String, String> units = units();
        assertThat(units).containsOnlyKeys("weir.socket", "weir.service");
        assertThat(settings(units.get("weir.socket")))
                .containsOnlyKeys("Socket.ListenStream", "Socket.FileDescriptorName", "Install.WantedBy");
        Map<String, String> service = settings(units.get("weir.service"));

        assertThat(service)
                .containsEntry("Service.Type", "notify-reload") // RELOADING=1, and SIGHUP
                .containsEntry("Service.NotifyAccess", "main")
                .containsEntry("Service.NonBlocking", "true")
                .containsEntry("Service.ExecStart", "/opt/weir/bin/weir run /etc/weir.yaml");
        Map<String, ?> listener =
                Map.of("name", "a", "address", "127.0.0.1:0", "filters", List.of(Map.of("type", "echo")));
        long drain = ProxyConfig.of(Map.of("listeners", List.of(listener)))
                .process()
                .drainTimeout()
                .toSeconds();
        assertThat(Long.parseLong(service.get("Service.TimeoutStopSec"))).isGreaterThan(drain);
        assertThat(OpenFiles.warning("Max open files   " + service.get("Service.LimitNOFILE") + "   65536   files"))
                .isNull();
    }

    @Test
    void areRightForSystemd() throws Exception {
        boolean installed = Files.isExecutable(ANALYZE);
        if (!installed) {
            System.out.println("SKIPPED-NEEDS: systemd-analyze");
        }
        Assumptions.assumeTrue(installed, "SKIPPED-NEEDS: systemd-analyze");
        // It wants to see the program.
        Path weir = Repository.root().resolve("l4-proxy/src/dist/bin/weir");
        List<String> command = new java.util.ArrayList<>(List.of(ANALYZE.toString(), "verify", "--man=no"));
        for (Map.Entry<String, String> unit : units().entrySet()) {
            String text = unit.getValue().replace("/opt/weir/bin/weir", weir.toString());
            command.add(Files.writeString(folder.resolve(unit.getKey()), text).toString());
        }
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("said").toFile())
                .start();
        try {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        } finally {
            process.destroyForcibly();
        }

        assertThat(Files.readAllLines(folder.resolve("said")))
                // Since 253.
                .filteredOn(line -> !line.endsWith("Failed to parse service type, ignoring: notify-reload"))
                .isEmpty();
        assertThat(process.exitValue()).isZero();
    }
}
