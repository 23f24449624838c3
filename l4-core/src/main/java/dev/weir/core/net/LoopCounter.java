package dev.weir.core.net;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** A counter or level with a single writer, its event loop, and readers on any thread. */
final class LoopCounter {
    private static final VarHandle VALUE;

    static {
        try {
            VALUE = MethodHandles.lookup().findVarHandle(LoopCounter.class, "value", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    @SuppressWarnings("unused") // by VALUE
    private long value;

    void add(long n) {
        VALUE.setOpaque(this, (long) VALUE.get(this) + n);
    }

    long get() {
        return (long) VALUE.getOpaque(this);
    }
}
