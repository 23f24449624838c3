package dev.weir.proxy;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;

/**
 * Where a command writes, and how it may end the process when it cannot wait.
 *
 * @param out standard output
 * @param err standard error
 * @param halt ends the process at once with an exit code
 */
record Terminal(PrintStream out, PrintStream err, IntConsumer halt) {
    private static final int DEFAULT_ROWS = 24;
    private static final int DEFAULT_COLUMNS = 120;

    /**
     * Rows and columns of a terminal.
     *
     * @param rows lines
     * @param columns characters per line
     */
    record Size(int rows, int columns) {}

    /** A line for people, on standard error. */
    void say(String line) {
        err.println("weir: " + line);
    }

    /** Whether standard output is a terminal that people look at. */
    static boolean interactive() {
        return interactive("1");
    }

    /** Whether standard error is a terminal that people look at. */
    static boolean interactiveError() {
        return interactive("2");
    }

    private static boolean interactive(String descriptor) {
        String term = System.getenv("TERM");
        if (term == null || term.equals("dumb")) {
            return false;
        }
        // The JDK's Console answers for standard input as well, and from 22 on for neither.
        try {
            Process test = new ProcessBuilder("test", "-t", descriptor)
                    .redirectOutput(ProcessBuilder.Redirect.INHERIT)
                    .redirectError(
                            descriptor.equals("2") ? ProcessBuilder.Redirect.INHERIT : ProcessBuilder.Redirect.DISCARD)
                    .start();
            return test.waitFor(1, TimeUnit.SECONDS) && test.exitValue() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Asks the terminal for its size; the usual one if it does not say. */
    static Size size() {
        try {
            Process stty = new ProcessBuilder("stty", "size")
                    .redirectInput(Path.of("/dev/tty").toFile())
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            try (InputStream in = stty.getInputStream()) {
                String[] words = new String(in.readAllBytes(), StandardCharsets.US_ASCII)
                        .trim()
                        .split(" ", 3);
                if (stty.waitFor(1, TimeUnit.SECONDS) && words.length == 2) {
                    int rows = Integer.parseInt(words[0]);
                    int columns = Integer.parseInt(words[1]);
                    return rows > 4 && columns > 20 ? new Size(rows, columns) : new Size(DEFAULT_ROWS, DEFAULT_COLUMNS);
                }
            }
        } catch (IOException | NumberFormatException e) {
            // falls through
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return new Size(DEFAULT_ROWS, DEFAULT_COLUMNS);
    }

    /** A number with thin groups, for people. */
    static String grouped(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }
}
