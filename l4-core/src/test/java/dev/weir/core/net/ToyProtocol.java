package dev.weir.core.net;

import dev.weir.core.cluster.Endpoint;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Operation;
import dev.weir.core.exchange.Operations;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.Detection;
import dev.weir.core.protocol.Protocol;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.protocol.SnifferContext;
import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/** Toys: lines both ways. Of one the client speaks first ({@code ASK …}), of the other the server ({@code HELLO …}). */
abstract class ToyProtocol implements Protocol {
    private static final Operations.Builder NAMES = Operations.builder();
    private static final Operation LINE = NAMES.add("LINE", true);
    private static final Operation GREETING = NAMES.add("GREETING", false);

    private final String name;
    private final Direction first;
    private final String prefix;

    ToyProtocol(String name, Direction first, String prefix) {
        this.name = name;
        this.first = first;
        this.prefix = prefix;
    }

    /** The client speaks first. */
    public static final class Ask extends ToyProtocol {
        /** For ServiceLoader. */
        public Ask() {
            super("ask", Direction.TO_UPSTREAM, "ASK ");
        }

        @Override
        public String systemName(String protocol) {
            return "toydb";
        }
    }

    /** The server speaks first. */
    public static final class Greet extends ToyProtocol {
        /** For ServiceLoader. */
        public Greet() {
            super("greet", Direction.TO_CLIENT, "HELLO ");
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String statsFilter() {
        return name + "_stats";
    }

    @Override
    public int defaultPort() {
        return 1;
    }

    @Override
    public PerLoop<Sniffer> sniffer(ConfigNode config, FilterEnvironment environment) {
        boolean hot = config.bool("hot_keys", false);
        return loop -> {
            if (hot) {
                environment
                        .hotKeys()
                        .recorder(environment.listener(), loop.index(), 8, 1)
                        .record("0", new byte[] {'k'}, 0, 1, 1, 1, 1);
            }
            return connection -> new Lines(name, first);
        };
    }

    @Override
    public Detection detect(Direction direction, ByteBuf data) {
        if (direction != first) {
            return Detection.NO;
        }
        for (int i = 0; i < prefix.length(); i++) {
            if (!data.isReadable()) {
                return Detection.MORE;
            }
            if (data.readByte() != prefix.charAt(i)) {
                return Detection.NO;
            }
        }
        return Detection.YES;
    }

    @Override
    public Endpoint.Outcome outcome(String error) {
        return switch (error) {
            case "LOADING" -> Endpoint.Outcome.FAILURE;
            case "READONLY" -> Endpoint.Outcome.WRONG_ROLE;
            default -> Endpoint.Outcome.SUCCESS;
        };
    }

    /** A line of the client is a request, the server's next line its answer, an error if it begins with a minus; a line without request is a greeting. */
    private static final class Lines implements Sniffer {
        private final String protocol;
        private final Direction first;
        private final Queue<Exchange> open = new ArrayDeque<>();
        private final StringBuilder client = new StringBuilder();
        private final StringBuilder server = new StringBuilder();
        private @Nullable SnifferContext context;

        Lines(String protocol, Direction first) {
            this.protocol = protocol;
            this.first = first;
        }

        @Override
        public void onOpen(SnifferContext sniffing) {
            context = sniffing;
        }

        private Exchange exchange(Operation operation, long nanos) {
            if (context == null) {
                throw new IllegalStateException("not open");
            }
            Exchange exchange = context.exchanges().open().of(context.connection(), protocol, operation);
            exchange.startNanos = nanos;
            return exchange;
        }

        @Override
        public void onBytes(Direction direction, ByteBuf data, long nanos) {
            StringBuilder line = direction == Direction.TO_UPSTREAM ? client : server;
            while (data.isReadable()) {
                char c = (char) data.readUnsignedByte();
                if (c != '\n') {
                    line.append(c);
                    continue;
                }
                if (direction == Direction.TO_UPSTREAM) {
                    Exchange request = exchange(LINE, nanos);
                    request.target = line.toString();
                    open.add(request);
                } else {
                    Exchange answered = open.poll();
                    if (answered == null) {
                        if (first != Direction.TO_CLIENT) {
                            throw new dev.weir.core.protocol.SniffException("unasked");
                        }
                        answered = exchange(GREETING, nanos);
                    }
                    answered.statement = line.toString();
                    if (line.length() > 0 && line.charAt(0) == '-') {
                        answered.status = Exchange.Status.ERROR;
                        answered.error = line.substring(1);
                    }
                    answered.durationNanos = nanos - answered.startNanos;
                    if (context != null) {
                        context.exchanges().emit(answered);
                    }
                }
                line.setLength(0);
            }
        }

        @Override
        public boolean idle() {
            return open.isEmpty();
        }

        @Override
        public void onClose(CloseReason reason, long nanos) {
            for (Exchange e = open.poll(); e != null; e = open.poll()) {
                e.status = Exchange.Status.NO_REPLY;
                if (context != null) {
                    context.exchanges().emit(e);
                }
            }
        }
    }
}
