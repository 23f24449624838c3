package dev.weir.proxy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.FileAppender;
import ch.qos.logback.core.OutputStreamAppender;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import ch.qos.logback.core.spi.ContextAwareBase;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Sets up Logback without files: everything goes to standard error, as standard output may hold exchanges. Found by
 * Logback through {@code META-INF/services}.
 */
public final class LogConfigurator extends ContextAwareBase implements Configurator {
    private static volatile @Nullable String file;

    /** Called by Logback. */
    public LogConfigurator() {}

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        apply(context, "info", "text");
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    /** The log goes to this file in place of standard error, from the next {@link #apply} on. */
    static void file(String path) {
        file = path;
    }

    private static OutputStreamAppender<ILoggingEvent> appender(@Nullable String path) {
        if (path == null) {
            ConsoleAppender<ILoggingEvent> console = new ConsoleAppender<>();
            console.setName("stderr");
            console.setTarget("System.err");
            return console;
        }
        FileAppender<ILoggingEvent> appender = new FileAppender<>();
        appender.setName("file");
        appender.setFile(path);
        return appender;
    }

    /** Replaces what is set up. */
    static void apply(LoggerContext context, String level, String format) {
        LogLayout layout = new LogLayout(format.equals("json"));
        layout.setContext(context);
        layout.start();
        LayoutWrappingEncoder<ILoggingEvent> encoder = new LayoutWrappingEncoder<>();
        encoder.setContext(context);
        encoder.setCharset(StandardCharsets.UTF_8);
        encoder.setLayout(layout);
        encoder.start();
        OutputStreamAppender<ILoggingEvent> appender = appender(file);
        appender.setContext(context);
        appender.setEncoder(encoder);
        appender.start();
        Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        root.detachAndStopAllAppenders();
        root.addAppender(appender);
        root.setLevel(Level.toLevel(level, Level.INFO));
        // Says at debug level what it tried and did not find; of no use to anybody who asks for our debug lines.
        context.getLogger("io.netty").setLevel(root.getLevel().isGreaterOrEqual(Level.INFO) ? null : Level.INFO);
    }
}
