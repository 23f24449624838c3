package dev.weir.proxy;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Runs this program once more, with the same arguments, in a session of its own, where the end of a terminal is no concern of its. */
final class Daemon {
    /** Says to the second process that it is it. */
    private static final String MARK = "WEIR_DAEMON";

    private static final String UP = "runs in the background as process ";

    private Daemon() {}

    /** Whether this process is the one in the background. */
    static boolean inside() {
        return System.getenv(MARK) != null;
    }

    /** To be called by the one in the background when it is up: its parent leaves then. */
    static void up(Terminal terminal) {
        if (inside()) {
            terminal.say(UP + ProcessHandle.current().pid());
        }
    }

    /**
     * Starts it, shows what it says until it is up, and returns the exit code.
     *
     * @throws IOException if that cannot be had here
     */
    static int start(Terminal terminal) throws IOException, InterruptedException {
        return start(terminal, Map.of());
    }

    /** The same with more in its environment. */
    static int start(Terminal terminal, Map<String, String> environment) throws IOException, InterruptedException {
        // On Linux only, as the JDK itself forgets arguments that are longer than a page.
        String own = Files.readString(Path.of("/proc/self/cmdline"), StandardCharsets.UTF_8);
        List<String> command = new ArrayList<>(List.of("setsid"));
        command.add(Path.of("/proc/self/exe").toRealPath().toString());
        List<String> arguments = List.of(own.split("\0", -1));
        command.addAll(arguments.subList(1, arguments.size() - 1));
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectInput(new File("/dev/null"))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD);
        builder.environment().put(MARK, "1");
        builder.environment().putAll(environment);
        Process process = builder.start();
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                terminal.err().println(line);
                if (line.contains(UP)) {
                    return 0;
                }
            }
        }
        return process.waitFor();
    }
}
