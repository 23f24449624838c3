package dev.weir.tls.exec;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.Units;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.TerminalContext;
import dev.weir.core.filter.TerminalFactory;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEventLoop;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The terminal {@code exec}: runs a program for each connection, which has it as its standard input and output. */
public final class ExecTerminalFactory implements TerminalFactory {
    private static final Logger LOG = LoggerFactory.getLogger(ExecTerminalFactory.class);
    private static final int MAX_ARGUMENTS = 1_024;

    /** For ServiceLoader. */
    public ExecTerminalFactory() {}

    @Override
    public String type() {
        return "exec";
    }

    @Override
    public Configured configure(ConfigNode config, FilterEnvironment environment) {
        String program = config.string("program");
        if (!program.isEmpty() && (!program.startsWith("/") || program.indexOf(0) >= 0)) {
            config.error("program", "\"" + program + "\" (expected: a path from the root)");
        }
        List<String> arguments = new ArrayList<>();
        config.list("arguments").forEach(argument -> arguments.add(argument.text()));
        if (arguments.size() > MAX_ARGUMENTS || arguments.stream().anyMatch(a -> a.indexOf(0) >= 0)) {
            config.error("arguments", "too many, or with NUL in them (expected: at most " + MAX_ARGUMENTS + ")");
        }
        if (arguments.isEmpty()) {
            arguments.add(program);
        }
        boolean standardError = config.oneOf("stderr", "connection", List.of("connection", "inherit"))
                .equals("connection");
        int most = (int) config.integer("max_programs", 1_000, 1, 1_000_000);
        Duration idle = config.duration("idle_timeout", Duration.ofHours(1));
        if (!idle.isZero() && idle.compareTo(Duration.ofMillis(10)) < 0 || idle.compareTo(Duration.ofDays(365)) > 0) {
            config.error("idle_timeout", Units.format(idle) + " (expected: 0 for none, or 10ms..365d)");
        }
        Duration stop = config.duration("stop_timeout", Duration.ofSeconds(10));
        if (stop.isNegative() || stop.compareTo(Duration.ofDays(1)) > 0) {
            config.error("stop_timeout", Units.format(stop) + " (expected: 0s..1d)");
        }
        ExecSettings settings = new ExecSettings(
                program,
                arguments,
                standardError,
                most,
                idle.toNanos(),
                stop.toMillis(),
                new ExecMetrics(environment.meters(), environment.listener()));
        Programs programs = new Programs(settings);
        environment.onClose(programs);
        return loop -> {
            if (!isEpoll(loop.loop())) {
                LOG.warn("exec {}: needs the transport epoll; connections are closed", program);
                return context -> new Nothing(settings, context);
            }
            return context -> new ExecTerminal(settings, programs, context);
        };
    }

    private static boolean isEpoll(EventLoop loop) {
        return loop instanceof IoEventLoop io && io.isCompatible(EpollIoHandle.class);
    }

    /** Where programs cannot be given a socket. */
    private static final class Nothing extends ChannelInboundHandlerAdapter {
        private final ExecSettings settings;
        private final TerminalContext context;

        Nothing(ExecSettings settings, TerminalContext context) {
            this.settings = settings;
            this.context = context;
        }

        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            settings.metrics().unsupported.increment();
            context.connection().close(CloseReason.CONNECT_FAILED);
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
        }
    }
}
