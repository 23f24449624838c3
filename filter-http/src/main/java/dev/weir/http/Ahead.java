package dev.weir.http;

import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** What a client has sent behind the request under way. What is decoded takes many times the room of its bytes, so only a little of it is. */
final class Ahead {
    /** Heads, and pieces of bodies. */
    static final int MOST = 32;

    private final ArrayDeque<Object> messages = new ArrayDeque<>(2);

    void add(Object message) {
        messages.add(message);
    }

    boolean isEmpty() {
        return messages.isEmpty();
    }

    /** Whether no more should be decoded for now. */
    boolean isFull() {
        return messages.size() >= MOST;
    }

    int size() {
        return messages.size();
    }

    @Nullable
    Object peek() {
        return messages.peek();
    }

    Object poll() {
        return messages.remove();
    }

    /** Nobody wants it. */
    void clear() {
        messages.forEach(ReferenceCountUtil::release);
        messages.clear();
    }
}
