package dev.weir.tls.stunnel;

import dev.weir.tls.stunnel.StunnelOption.Fate;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code stunnel.conf}, with what it includes. It goes on after a problem, so that all are found; the first one is what stunnel would say.
 */
final class StunnelParser {
    private static final int LONGEST_LINE = 16 << 10;
    private static final int MOST_NESTED = 10;
    private static final long LARGEST_FILE = 16 << 20;
    private final Findings findings;

    private final SectionCheck check;
    private final Service globals = Service.globals();
    private final List<Service> services = new ArrayList<>();
    /** All files, the first one includes the others. */
    private final List<String> names = new ArrayList<>();

    private Service current = globals;
    private int order;

    StunnelParser(Findings findings) {
        this.findings = findings;
        this.check = new SectionCheck(findings, services);
    }

    /** What stands before the first section. */
    Service globals() {
        return globals;
    }

    /** The services in the order of the file; in inetd mode the only one. */
    List<Service> services() {
        return services;
    }

    /** Names of the files by {@link Place#number}. */
    List<String> names() {
        return names;
    }

    /** Reads the main file. */
    void read(String name, String text) {
        lines(name, text, 0);
        finish();
        if (services.isEmpty()) {
            services.add(globals);
            check.inetd(globals);
        }
    }

    /** A section is looked at as a whole when the next one begins. */
    private void finish() {
        if (current != globals) {
            services.add(current);
            check.section(current);
        }
    }

    private void lines(String file, String text, int depth) {
        int number = names.size();
        names.add(file);
        String begun = text.startsWith("\uFEFF") ? text.substring(1) : text;
        String[] lines = begun.split("\n", -1);
        for (int i = 0; i < lines.length; i++) {
            boolean tooLong = lines[i].length() > LONGEST_LINE;
            String shown = tooLong ? lines[i].substring(0, 60) + "…" : lines[i].stripTrailing();
            Place place = new Place(file, number, i + 1, order++, shown);
            if (tooLong) {
                findings.error(place, "Line too long");
            } else {
                line(place, lines[i].strip(), depth);
            }
        }
    }

    private void line(Place place, String line, int depth) {
        if (line.isEmpty() || line.startsWith(";") || line.startsWith("#")) {
            return;
        }
        if (line.startsWith("[") && line.endsWith("]")) {
            finish();
            current = Service.section(line.substring(1, line.length() - 1), globals);
            return;
        }
        int equals = line.indexOf('=');
        if (equals < 0) {
            findings.error(place, "No '=' found");
            return;
        }
        option(
                line.substring(0, equals).strip(),
                new Setting(line.substring(equals + 1).strip(), place),
                depth);
    }

    private void option(String name, Setting setting, int depth) {
        StunnelOption option = StunnelOptions.find(name);
        boolean inSection = current != globals;
        if (option == null || option.global() && inSection) {
            findings.error(setting, "Specified option name is not valid here");
            return;
        }
        String problem = option.check().apply(setting.value());
        if (problem == null
                && inSection
                && option.name().equals("debug")
                && setting.value().indexOf('.') >= 0) {
            problem = "Illegal debug level";
        }
        if (problem != null) {
            findings.error(setting, problem);
            return;
        }
        if (option.fate() == Fate.IGNORED) {
            findings.warn(setting, "has no effect: " + option.remark());
        }
        if (option.name().equals("include")) {
            include(setting, depth);
            return;
        }
        current.add(option.name(), setting);
    }

    private void include(Setting setting, int depth) {
        List<Path> files = files(setting.value());
        if (files == null || depth >= MOST_NESTED) {
            findings.error(setting, "Failed to include directory");
            return;
        }
        for (Path file : files) {
            String text = text(file);
            if (text == null) {
                findings.error(setting, "Failed to include a file: " + file);
            } else {
                lines(file.toAbsolutePath().toString(), text, depth + 1);
            }
        }
    }

    /** The regular files of a folder by their names, or null if it cannot be read. */
    private static @Nullable List<Path> files(String folder) {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(Path.of(folder))) {
            for (Path entry : entries) {
                if (Files.isRegularFile(entry)) {
                    files.add(entry);
                }
            }
        } catch (IOException | InvalidPathException | java.nio.file.DirectoryIteratorException e) {
            return null;
        }
        files.sort(
                Comparator.comparing(path -> String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT)));
        return files;
    }

    private static @Nullable String text(Path file) {
        try {
            // Whatever is not UTF-8 stands in comments, or in names that nobody compares with anything.
            return Files.size(file) > LARGEST_FILE
                    ? null
                    : new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return null;
        }
    }
}
