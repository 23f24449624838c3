package dev.weir.proxy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The limit on open files: a proxied connection takes two of them. */
final class OpenFiles {
    static final long ENOUGH = 8_192;

    private OpenFiles() {}

    /** What to tell the operator, or null. */
    static @Nullable String warning() {
        try {
            return warning(Files.readString(Path.of("/proc/self/limits")));
        } catch (IOException e) {
            return null;
        }
    }

    static @Nullable String warning(String limits) {
        for (String line : limits.split("\n", -1)) {
            String[] words = line.trim().split("\\s+", 6);
            if (line.startsWith("Max open files") && words.length >= 5 && words[3].matches("\\d{1,18}")) {
                long limit = Long.parseLong(words[3]);
                return limit >= ENOUGH
                        ? null
                        : "warning: at most " + limit + " open files, that is about " + Math.max(0, (limit - 60) / 2)
                                + " connections (expected: at least " + ENOUGH
                                + "; raise it with ulimit -n, or LimitNOFILE of systemd)";
            }
        }
        return null;
    }
}
