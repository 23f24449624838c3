package dev.weir.mongo;

import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterContext;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.protocol.SniffException;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Rewrites the names of a replica set's members in answers of one connection. Only answers to the few commands that name
 * them are held until they are complete; whatever cannot be read passes as it is, and so does then all the rest.
 */
final class MongoRewrite implements NetworkFilter {
    private static final Logger LOG = LoggerFactory.getLogger(MongoRewrite.class);
    private static final Duration HOLD = Duration.ofSeconds(20);
    private static final MemberNames.Kind[] KINDS = MemberNames.Kind.values();

    private final RewriteCounters counters;
    private final AnswerRewriter rewriter;
    private final OpenRequests open = new OpenRequests();
    private final RequestScan requests;
    /** Bytes of the answer under way that pass as they are. */
    private int left;

    private boolean stopped;
    private boolean told;

    MongoRewrite(Members members, RewriteCounters counters, Inflating inflating) {
        this.counters = counters;
        this.rewriter = new AnswerRewriter(members, inflating);
        this.requests = new RequestScan(open, inflating);
    }

    @Override
    public Opening onOpen(FilterContext context) {
        context.holdUpTo(AnswerRewriter.LONGEST);
        context.holdDeadline("answer", HOLD);
        return Opening.PROCEED;
    }

    @Override
    public int onData(FilterContext context, Direction direction, ByteBuf data) {
        if (stopped) {
            return data.readableBytes();
        }
        if (direction == Direction.TO_CLIENT) {
            return answers(context, data);
        }
        try {
            requests.feed(data, data.readerIndex(), data.writerIndex());
        } catch (SniffException e) {
            stop(context, e.reason());
        }
        return data.readableBytes();
    }

    private int answers(FilterContext context, ByteBuf data) {
        int i = data.readerIndex();
        int to = data.writerIndex();
        int run = 0;
        try {
            while (i < to) {
                if (left == 0) {
                    int size = rewritable(data, i, to);
                    if (size < 0) {
                        return run;
                    }
                    if (size > 0) {
                        run = rewrite(context, data, i, size, run);
                        i += size;
                        continue;
                    }
                }
                int n = Math.min(left, to - i);
                left -= n;
                run += n;
                i += n;
            }
            return run;
        } catch (SniffException e) {
            stop(context, e.reason());
            return run + to - i;
        }
    }

    /**
     * Looks at the answer that begins at {@code at}.
     *
     * @return its size if it is to be rewritten; 0 if it passes, as {@link #left} says; -1 if more of it is needed
     */
    private int rewritable(ByteBuf data, int at, int to) {
        if (to - at < Wire.HEADER) {
            return -1;
        }
        int size = data.getIntLE(at);
        if (size < Wire.HEADER || size > Wire.MAX_MESSAGE) {
            throw new SniffException("length");
        }
        if (!Wire.isAnswer(data.getIntLE(at + 12))) {
            throw new SniffException("opcode");
        }
        int answers = data.getIntLE(at + 8);
        if (open.find(answers) < 0 && open.findStream(answers) < 0) {
            left = size;
            return 0;
        }
        if (size > AnswerRewriter.LONGEST) {
            throw new SniffException("size");
        }
        return to - at < size ? -1 : size;
    }

    /** Rewrites an answer behind {@code run} bytes that pass; answers how many bytes pass then. */
    private int rewrite(FilterContext context, ByteBuf data, int at, int size, int run) {
        int answers = data.getIntLE(at + 8);
        int id = data.getIntLE(at + 4);
        int request = open.find(answers);
        int stream = request >= 0 ? -1 : open.findStream(answers);
        int flags = request >= 0 ? open.flags(request) : open.streamFlags(stream);
        AnswerRewriter.Result result =
                rewriter.rewrite(context.connection().allocator(), data, at, size, KINDS[flags / OpenRequests.OWN]);
        if (request >= 0) {
            open.answered(request, id, result.goesOn());
        } else {
            open.streamed(stream, id, result.goesOn());
        }
        counters.unknown.increment(result.unknown());
        ByteBuf message = result.message();
        if (message == null) {
            return run + size;
        }
        counters.rewritten.increment();
        if (!told) {
            told = true;
            LOG.debug(
                    "connection {}: members' names are rewritten",
                    context.connection().id());
        }
        context.pass(run);
        context.drop(size);
        context.inject(Direction.TO_CLIENT, message);
        return 0;
    }

    private void stop(FilterContext context, String reason) {
        stopped = true;
        counters.stop(reason);
        LOG.debug(
                "connection {}: members' names are not rewritten any more: {}",
                context.connection().id(),
                reason);
        context.resume(Direction.TO_CLIENT);
    }

    @Override
    public void onEndOfStream(FilterContext context, Direction direction) {
        if (direction == Direction.TO_CLIENT) {
            // What is held is half an answer, which nobody will complete.
            stopped = true;
            context.resume(direction);
        }
    }

    @Override
    public Boundary boundary() {
        return stopped || left == 0 && requests.atBoundary() ? Boundary.UNKNOWN : Boundary.BUSY;
    }
}
