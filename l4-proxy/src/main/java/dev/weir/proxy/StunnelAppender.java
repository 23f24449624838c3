package dev.weir.proxy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.Set;
import org.slf4j.LoggerFactory;

/** Puts what Weir itself has to say into the log of stunnel. */
final class StunnelAppender extends AppenderBase<ILoggingEvent> {
    /** Those that say what {@link StunnelEvents} and {@link StunnelRun} say in other words. */
    private static final Set<String> DOUBLED = Set.of(Reloader.class.getName(), "dev.weir.tls.handshakes");

    private final StunnelLog log;

    private StunnelAppender(StunnelLog log) {
        this.log = log;
    }

    /** From here on, in the place of all others. */
    static void install(StunnelLog log) {
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
            StunnelAppender appender = new StunnelAppender(log);
            appender.setContext(context);
            appender.setName("stunnel");
            appender.start();
            Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
            root.detachAndStopAllAppenders();
            root.addAppender(appender);
            root.setLevel(log.writes(StunnelLog.DEBUG) ? Level.DEBUG : Level.INFO);
            context.getLogger("io.netty").setLevel(Level.WARN);
        }
    }

    @Override
    protected void append(ILoggingEvent event) {
        if (!DOUBLED.contains(event.getLoggerName())) {
            log.log(level(event.getLevel()), event.getFormattedMessage());
        }
    }

    private static int level(Level level) {
        if (level.isGreaterOrEqual(Level.ERROR)) {
            return StunnelLog.ERROR;
        }
        if (level.isGreaterOrEqual(Level.WARN)) {
            return StunnelLog.WARNING;
        }
        return level.isGreaterOrEqual(Level.INFO) ? StunnelLog.INFO : StunnelLog.DEBUG;
    }
}
