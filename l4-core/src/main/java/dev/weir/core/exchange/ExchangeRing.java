package dev.weir.core.exchange;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/** A bounded queue of copies from one thread to another one. Places are made when they are first used. */
final class ExchangeRing {
    private static final VarHandle HEAD = field("head");
    private static final VarHandle TAIL = field("tail");

    private final @Nullable Exchange[] places;

    /** How many were taken out; the reader's. */
    private long head;
    /** How many were put in; the writer's. */
    private long tail;

    /** {@code size} is a power of two. */
    ExchangeRing(int size) {
        this.places = new @Nullable Exchange[size];
    }

    private static VarHandle field(String name) {
        try {
            return MethodHandles.lookup().findVarHandle(ExchangeRing.class, name, long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    int size() {
        return places.length;
    }

    /** Puts a copy in; answers how many wait now, or 0 if there is no room. On the writing thread. */
    int offer(Exchange e) {
        long t = tail;
        int waiting = (int) (t - (long) HEAD.getAcquire(this));
        if (waiting == places.length) {
            return 0;
        }
        int i = (int) t & (places.length - 1);
        Exchange copy = places[i];
        if (copy == null) {
            copy = new Exchange();
            places[i] = copy;
        }
        copy.copyFrom(e);
        TAIL.setRelease(this, t + 1);
        return waiting + 1;
    }

    /** The oldest one, or null; it is the reader's until {@link #remove}. On the reading thread. */
    @Nullable
    Exchange peek() {
        return head == (long) TAIL.getAcquire(this) ? null : places[(int) head & (places.length - 1)];
    }

    /** Gives the place of the oldest one back. On the reading thread. */
    void remove() {
        HEAD.setRelease(this, head + 1);
    }
}
