package dev.weir.proxy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.core.FileAppender;
import dev.weir.core.config.ProxyConfig.ProcessConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import org.slf4j.LoggerFactory;

/** The log of the process: its level and its form. */
final class Logs {
    /** What {@code log: {level: …}} and {@code POST /log} take. */
    static final List<String> LEVELS = List.of("error", "warn", "info", "debug", "trace");

    private Logs() {}

    /**
     * From here on the log goes to a file, at its end.
     *
     * @throws IllegalStateException if it cannot be written
     */
    static void toFile(Path path) {
        try {
            Files.newOutputStream(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND)
                    .close();
        } catch (IOException e) {
            throw new IllegalStateException("the log \"" + path + "\" cannot be written: " + e, e);
        }
        LogConfigurator.file(path.toString());
    }

    /** Opens the file anew: it may have been moved away. */
    static void reopen() {
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
            context.getLogger(Logger.ROOT_LOGGER_NAME).iteratorForAppenders().forEachRemaining(appender -> {
                if (appender instanceof FileAppender<?> file) {
                    file.stop();
                    file.start();
                }
            });
        }
    }

    /** Tells more or less, by a level. */
    static void step(int levels) {
        int at = LEVELS.indexOf(level()) + levels;
        level(LEVELS.get(Math.max(0, Math.min(LEVELS.size() - 1, at))));
    }

    static void configure(ProcessConfig config) {
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
            LogConfigurator.apply(context, config.logLevel(), config.logFormat());
        }
    }

    /** The level at this moment; {@code unknown} if the log is not ours. */
    static String level() {
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
            Level level = context.getLogger(Logger.ROOT_LOGGER_NAME).getLevel();
            return level.levelStr.toLowerCase(Locale.ROOT);
        }
        return "unknown";
    }

    /** Silences a library, for good: what its loggers are named begins with {@code name}. */
    static void silence(String name) {
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
            context.getLogger(name).setLevel(Level.OFF);
        }
    }

    /** Sets the level, one of {@link #LEVELS}. */
    static void level(String level) {
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
            context.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(Level.toLevel(level));
        }
    }
}
