package dev.weir.proxy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import dev.weir.core.config.ProxyConfig.ProcessConfig;
import java.util.List;
import java.util.Locale;
import org.slf4j.LoggerFactory;

/** The log of the process: its level and its form. */
final class Logs {
    /** What {@code log: {level: …}} and {@code POST /log} take. */
    static final List<String> LEVELS = List.of("error", "warn", "info", "debug", "trace");

    private Logs() {}

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
