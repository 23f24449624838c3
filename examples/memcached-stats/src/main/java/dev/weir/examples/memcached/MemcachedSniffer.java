package dev.weir.examples.memcached;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Exchange.Status;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Direction;
import dev.weir.core.protocol.SniffException;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.protocol.SnifferContext;
import io.micrometer.core.instrument.Counter;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Finds the commands and their answers on one connection. memcached answers in order, so an answer belongs to the oldest
 * open command, but for those that are not answered at all: {@code noreply}, {@code quit}, and quiet ones (flag q) that
 * went as usual. An answer that fits nothing ends the sniffing: it does not guess.
 */
final class MemcachedSniffer implements Sniffer {
    /** What the connections of an event loop share: made once, before the first connection. */
    record Shared(Pending.Pool pool, boolean keys, Counter unsolicited) {}

    private static final String PROTOCOL = "memcached";
    private static final int TLS_HANDSHAKE = 0x16;
    private static final byte BINARY_REQUEST = (byte) 0x80;
    private static final long NOREPLY = TextCursor.hash("noreply");
    private static final long QUIET = TextCursor.hash("q");
    private static final long KEY = TextCursor.hash("k");

    private final Shared shared;
    private final Pending pending;
    private final TextCursor requests = new TextCursor();
    private final TextCursor answers = new TextCursor();
    private @Nullable SnifferContext context;
    private boolean begun;
    private boolean off;

    // The request under way.
    private boolean requesting;
    private Command command = Command.UNKNOWN;
    private long requestStart;
    private long block;
    private int keys;
    private long keyHash;
    private @Nullable String key;
    private boolean quiet;
    private long tag;
    private boolean lastIsNoreply;

    // The answer under way.
    private boolean answering;
    private Reply reply = Reply.OTHER;
    private long answerStart;
    private long answerBlock;
    private long answerTag;
    private long rows;
    private long previousEnd;

    MemcachedSniffer(Shared shared) {
        this.shared = shared;
        this.pending = new Pending(shared.pool);
        if (shared.keys) {
            requests.keepText();
        }
    }

    @Override
    public void onOpen(SnifferContext opened) {
        context = opened;
    }

    @Override
    public void onBytes(Direction direction, ByteBuf data, long nanos) {
        if (direction == Direction.TO_UPSTREAM) {
            requests(data, nanos);
        } else {
            answers(data, nanos);
        }
    }

    // ---- requests

    private void requests(ByteBuf data, long nanos) {
        if (!begun) {
            begun = true;
            byte first = data.getByte(data.readerIndex());
            if (first == TLS_HANDSHAKE) {
                context().encrypted();
                return;
            }
            if (first == BINARY_REQUEST) {
                throw new SniffException("binary_protocol");
            }
        }
        requests.show(data.readerIndex());
        while (requests.position() < data.writerIndex() && !off) {
            if (!requesting) {
                beginRequest(nanos);
            }
            switch (requests.next(data, data.writerIndex())) {
                case WORD -> requestWord();
                case LINE -> {
                    if (block >= 0) {
                        requests.expectBlock(block);
                    } else {
                        requested(nanos);
                    }
                }
                case BLOCK -> requested(nanos);
                case MORE -> {}
            }
        }
    }

    private void beginRequest(long nanos) {
        requesting = true;
        requests.beginLine();
        requestStart = nanos;
        command = Command.UNKNOWN;
        block = -1;
        keys = 0;
        key = null;
        quiet = false;
        tag = 0;
        lastIsNoreply = false;
    }

    private void requestWord() {
        int index = requests.index();
        if (index == 0) {
            command = Command.of(requests.hash());
            return;
        }
        lastIsNoreply = requests.hash() == NOREPLY;
        if (index == command.lengthWord()) {
            block = requests.number();
        } else if (index == command.keyWord()) {
            keys = 1;
            keyHash = requests.hash();
            key = shared.keys ? requests.text() : null;
        } else if (command.kind() == Command.Kind.VALUES) {
            keys++;
        } else if (command.kind().takesFlags()) {
            requestFlag();
        }
    }

    /** An answer to a quiet command is known by the token it repeats: O and what follows it, or k and the key. */
    private void requestFlag() {
        if (requests.hash() == QUIET) {
            quiet = true;
        } else if (requests.firstCharacter() == 'O') {
            tag = requests.rest();
        } else if (requests.hash() == KEY && tag == 0) {
            tag = keyHash;
        }
    }

    private void requested(long nanos) {
        requesting = false;
        if (pending.isFull()) {
            throw new SniffException("pipeline_too_deep");
        }
        Exchange exchange = context().exchanges().open().of(context().connection(), PROTOCOL, command.operation());
        exchange.startNanos = requestStart;
        exchange.requestBytes = requests.takeBytes();
        exchange.target = key;
        exchange.batch = keys > 1 ? keys : -1;
        Command.Kind kind = command.kind();
        if (kind == Command.Kind.QUIT || kind == Command.Kind.WATCH || kind.takesNoreply() && lastIsNoreply) {
            exchange.status = Status.NO_REPLY;
            context().exchanges().emit(exchange);
        } else {
            pending.add(exchange, command, nanos, quiet, tag);
        }
        if (kind == Command.Kind.WATCH) {
            off = true;
            context().opaque("watch");
        }
    }

    // ---- answers

    private void answers(ByteBuf data, long nanos) {
        answers.show(data.readerIndex());
        while (answers.position() < data.writerIndex()) {
            if (!answering) {
                answering = true;
                answerStart = nanos;
                rows = 0;
                beginAnswerLine();
            }
            switch (answers.next(data, data.writerIndex())) {
                case WORD -> answerWord();
                case LINE -> {
                    if (reply.lengthWord > 0) {
                        answers.expectBlock(answerBlock());
                    } else {
                        answerLine(nanos);
                    }
                }
                case BLOCK -> answerLine(nanos);
                case MORE -> {}
            }
        }
    }

    private void beginAnswerLine() {
        answers.beginLine();
        reply = Reply.OTHER;
        answerBlock = -1;
        answerTag = 0;
    }

    private void answerWord() {
        if (answers.index() == 0) {
            reply = Reply.of(answers.hash());
        } else if (answers.index() == reply.lengthWord) {
            answerBlock = answers.number();
        } else if (answers.firstCharacter() == 'O' || answers.firstCharacter() == 'k' && answerTag == 0) {
            answerTag = answers.rest();
        }
    }

    private long answerBlock() {
        if (answerBlock < 0) {
            throw new SniffException("bad_length");
        }
        return answerBlock;
    }

    /** A line of an answer, with its block, is complete: finds the command that it belongs to. */
    private void answerLine(long nanos) {
        for (Pending.Node node = pending.oldest(); node != null; node = pending.oldest()) {
            if (node.command.kind().contains(reply)) {
                rows++;
                beginAnswerLine();
                return;
            }
            if (node.isEndedBy(reply, answerTag)) {
                answered(node, nanos);
                return;
            }
            if (!node.quiet) {
                throw new SniffException("unpaired_answer");
            }
            wentAsUsual(node);
        }
        if (!reply.isError()) {
            throw new SniffException("unpaired_answer");
        }
        shared.unsolicited.increment(); // too many connections, or a noreply that failed
        answers.takeBytes();
        answering = false;
    }

    private void answered(Pending.Node node, long nanos) {
        answering = false;
        Exchange exchange = node.exchange();
        exchange.byWeir = context().madeByWeir();
        exchange.responseBytes = answers.takeBytes();
        exchange.firstByteNanos = Math.max(0, answerStart - node.sent);
        exchange.durationNanos = Math.max(0, nanos - node.sent);
        exchange.queueNanos = Math.max(0, previousEnd - node.sent);
        previousEnd = nanos;
        Command.Kind kind = node.command.kind();
        if (reply.isError()) {
            exchange.status = Status.ERROR;
            exchange.error = reply.name();
        } else if (kind.counts()) {
            exchange.rows = kind.isOfParts() ? rows : reply.isNegative() ? 0 : 1;
            if (kind.reads()) {
                exchange.hit = exchange.rows > 0 ? 1 : 0;
            } else if (reply.isNegative()) {
                exchange.attribute("result", reply.name());
            }
        }
        pending.emitOldest(context().exchanges());
    }

    /** A quiet command had no answer: so a meta get missed, and any other did what it should. */
    private void wentAsUsual(Pending.Node node) {
        Exchange exchange = node.exchange();
        exchange.status = Status.NO_REPLY;
        if (node.command.kind().reads()) {
            exchange.rows = 0;
            exchange.hit = 0;
        }
        pending.emitOldest(context().exchanges());
    }

    // ---- life

    @Override
    public boolean idle() {
        return !requesting && !answering && pending.oldest() == null;
    }

    @Override
    public void onClose(CloseReason reason, long nanos) {
        for (Pending.Node node = pending.oldest(); node != null; node = pending.oldest()) {
            node.exchange().status = Status.NO_REPLY;
            pending.emitOldest(context().exchanges());
        }
    }

    private SnifferContext context() {
        if (context == null) {
            throw new IllegalStateException("bytes before onOpen");
        }
        return context;
    }
}
