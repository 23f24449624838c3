package dev.weir.core.protocol;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/**
 * Cuts one connection's two streams into single commands and single answers, for the command gate. Stateful:
 * bytes are shown in order, each exactly once (what a call does not consume is shown again with more behind
 * it). On the connection's event loop only.
 *
 * <p>Throwing {@link SniffException} means that the stream cannot be cut any more: the gate then stops
 * enforcing and passes everything, or closes the connection, as it was configured.
 */
public interface CommandFramer {
    /** What a step through a stream found. */
    enum Step {
        /** Not enough bytes to know the command: show these again with more behind them. Nothing was consumed. */
        MORE,
        /**
         * Requests only: what comes next depends on an answer that is on its way (a login, a change of the current database):
         * show these bytes again when there is an answer. Nothing was consumed. They are never let go on unseen.
         */
        WAIT,
        /**
         * Requests only: the head of a command is known and {@link #command()} tells it. Nothing was
         * consumed; the next call goes on with {@link #PART} or {@link #END} of this command.
         */
        HEAD,
        /** {@link #length()} bytes belong to the current message, which goes on behind them. */
        PART,
        /** {@link #length()} bytes belong to the current message, which ends with them. */
        END,
        /**
         * {@link #length()} bytes belong to no command and get no answer (blank lines), or, among the
         * answers, to no request (pushes, messages of a subscription).
         */
        NEUTRAL,
        /** Answers only: {@link #length()} bytes answer a {@linkplain #standIn stand-in}; nobody is to see them. */
        DROP,
        /**
         * From here on there are no commands any more (replication, encrypted): everything passes, or the connection is closed, as
         * when a stream cannot be cut any more.
         */
        OPAQUE
    }

    /** One step through the client's bytes, from {@code data.readerIndex()}. */
    Step request(ByteBuf data);

    /**
     * One step through the upstream's bytes, from {@code data.readerIndex()}. After {@link Step#END} the oldest
     * command that the gate {@linkplain #decided let through} and that expects an answer has got it, or the one that
     * {@link #answered} tells.
     */
    Step answer(ByteBuf data);

    /**
     * Whether the upstream's stream stands between two messages, so that an answer of Weir's own may be put
     * there: false in the middle of an answer or a push.
     */
    boolean betweenAnswers();

    /**
     * Whether nothing is under way upstream beyond the answers that the gate itself waits for: then a connection that
     * drains may be closed.
     */
    default boolean idle() {
        return betweenAnswers();
    }

    /**
     * Whether answers name their requests, so that they may come in any order: then an answer of Weir's own waits for
     * {@link #betweenAnswers} only, and {@link #answered} tells whose answer has come.
     */
    default boolean anyOrder() {
        return false;
    }

    /**
     * After {@link Step#PART} or {@link Step#END} of an answer: which of the commands that wait for one gets it, 0 being the
     * oldest.
     */
    default int answered() {
        return 0;
    }

    /** Most bytes that may have to be held until the head of a command is known. */
    default int longestHead() {
        return 64 << 10;
    }

    /** Number of bytes the last step consumed. */
    int length();

    /** The command found by the last {@link Step#HEAD}; valid until the next call of {@link #request}. */
    Command command();

    /**
     * Whether user and namespace of {@link #command()} are as good as they get: false while they hang on answers still to come
     * (a log-in, a change of the database), all of which have come at the latest when nothing is under way upstream. Then policies
     * that {@linkplain CommandPolicy#asksSession decide by them} are asked later.
     */
    default boolean settled() {
        return true;
    }

    /**
     * The gate's decision about the command of the last {@link Step#HEAD}: {@code upstream} tells whether the
     * upstream will see it. The framer keeps its own state (open answers, transactions) by that.
     *
     * @return how many answers the gate has to put in order for this command: 1, or 0 if none is to be given
     */
    int decided(boolean upstream);

    /**
     * Asked after {@link #decided decided(false)}: what the upstream is to get in place of the refused command, so that
     * its state stays what the client believes (a refused command in a transaction has to make it fail). An answer to
     * it is shown as {@link Step#DROP}.
     *
     * @return a new buffer that the caller owns, or null for nothing
     */
    default @Nullable ByteBuf standIn(ByteBufAllocator allocator) {
        return null;
    }

    /**
     * The protocol's own error answer to the command of the last {@link Step#HEAD}; asked when it was refused and has {@linkplain
     * Step#END ended}.
     *
     * @param code the protocol's error code, or null for its usual one
     * @return a new buffer that the caller owns; empty if no answer can be given
     */
    ByteBuf error(ByteBufAllocator allocator, @Nullable String code, String message);

    /** The connection has ended: gives back what was borrowed. Called once, after all else. */
    default void close() {}
}
