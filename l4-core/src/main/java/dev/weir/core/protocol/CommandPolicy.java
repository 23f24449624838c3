package dev.weir.core.protocol;

import dev.weir.core.filter.CloseReason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Decides about single commands: {@code access}, {@code rate_limit} and {@code fault} are such policies. Called on its connection's
 * event loop, once per command, when the head of a command is known and before any of its bytes go on. It must not block; what it
 * throws closes the connection.
 *
 * <p>Behind a {@link CommandGate} there is one per connection, which is asked in the order in which the client sent its commands. In a terminal
 * that asks by a {@link PolicyGate} a connection has one more for each command that waits: each is asked about one command at a time.
 */
@FunctionalInterface
public interface CommandPolicy {
    /**
     * Decides. {@code command} is valid during the call only.
     *
     * @param nanos when the read burst began, or the wait for the command before ended, in
     *     {@link dev.weir.core.filter.WireClock#nanoTime()}
     */
    Decision decide(Command command, long nanos);

    /**
     * The connection is open, and its attributes are set. Called once, before the first decision; to refuse the connection, close
     * {@code context}.
     */
    default void onOpen(PolicyContext context) {}

    /** Whether it decides by user or namespace, so that it is to be asked when these are {@linkplain CommandFramer#settled settled}. */
    default boolean asksSession() {
        return false;
    }

    /** The command that was {@linkplain Decision.Delay delayed} last goes on now. */
    default void onDelayed() {}

    /** The connection is closed, or the command that waits has gone; the last call. Not called if {@link #onOpen} was not. */
    default void onClose() {}

    /** What becomes of a command. */
    sealed interface Decision {
        /** It goes on. */
        Decision ALLOW = new Allow();

        /** It goes on. */
        record Allow() implements Decision {}

        /**
         * It is not sent; the client gets the protocol's error at the place of its answer.
         *
         * @param code the protocol's error code, or null for its usual one
         * @param message shown to the client
         * @param retryAfter when the client may try again, or null if that is not known; for protocols that can tell it
         */
        record Deny(
                @Nullable String code,
                String message,
                @Nullable Duration retryAfter) implements Decision {
            /** Without a time. */
            public Deny(@Nullable String code, String message) {
                this(code, message, null);
            }
        }

        /**
         * It is not sent, and nobody answers it: a terminal resets its stream, where the protocol has streams; elsewhere the connection is closed,
         * without the answers that are still to come.
         *
         * @param reason why
         */
        record Abort(CloseReason reason) implements Decision {}

        /**
         * It, and everything behind it in the stream, waits; then something is done about it.
         *
         * @param time how long
         * @param then what is done then; no other delay
         */
        record Delay(Duration time, Decision then) implements Decision {
            /** It waits, and goes on. */
            public Delay(Duration time) {
                this(time, ALLOW);
            }
        }

        /**
         * It is not sent; the client gets these bytes at the place of its answer.
         *
         * @param bytes makes the answer, whose ownership passes to the gate
         */
        record Answer(Function<ByteBufAllocator, ByteBuf> bytes) implements Decision {}

        /**
         * It goes on; its answer is replaced. An answer of more than {@link CommandGate#MAX_REWRITE} bytes is
         * passed as it is.
         *
         * @param rewrite gets the answer, which it must not keep or release, and returns a new buffer whose
         *     ownership passes to the gate
         */
        record Rewrite(Function<ByteBuf, ByteBuf> rewrite) implements Decision {}

        /**
         * It is not sent; the client gets the protocol's error, and behind it the connection is closed, without the answers
         * that are still to come.
         *
         * @param reason why
         * @param error what the client is told
         */
        record Close(CloseReason reason, Deny error) implements Decision {}

        /**
         * It, and everything behind it, waits until somebody else has decided. The policy makes one for each command that it
         * cannot decide about by itself; both methods are called on the connection's event loop.
         */
        non-sealed interface Later extends Decision {
            /**
             * Begins to find out. {@code then} is to be called on the event loop, once, during this call or later, with
             * any decision but another {@code Later}. It is for this to come to an end in time.
             */
            void start(Consumer<Decision> then);

            /** The connection has closed, or the command is gone: nobody waits any more, and what {@code then} is told is not heard. */
            void cancel();
        }
    }
}
