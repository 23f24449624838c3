package dev.weir.redis;

import org.jspecify.annotations.Nullable;

/** Calls in their order; grows as needed, shrinks when it is empty. */
final class CallRing {
    private static final int FIRST = 4;
    private static final int KEPT = 64;

    private @Nullable Call[] calls = new Call[FIRST];
    private int first;
    private int size;

    int size() {
        return size;
    }

    boolean isEmpty() {
        return size == 0;
    }

    /** Call {@code i} from the oldest on. */
    Call get(int i) {
        Call call = calls[first + i & calls.length - 1];
        if (call == null) {
            throw new IndexOutOfBoundsException(i);
        }
        return call;
    }

    @Nullable
    Call peek() {
        return size == 0 ? null : calls[first];
    }

    /** Whether all are {@code client}'s. */
    boolean allOf(ProxyClient client) {
        for (int i = 0; i < size; i++) {
            if (get(i).client != client) {
                return false;
            }
        }
        return true;
    }

    void add(Call call) {
        if (size == calls.length) {
            grow();
        }
        calls[first + size & calls.length - 1] = call;
        size++;
    }

    /** Removes the oldest one. */
    void remove() {
        calls[first] = null;
        first = first + 1 & calls.length - 1;
        if (--size == 0) {
            first = 0;
            if (calls.length > KEPT) {
                calls = new Call[FIRST];
            }
        }
    }

    private void grow() {
        @Nullable Call[] larger = new Call[calls.length * 2];
        for (int i = 0; i < size; i++) {
            larger[i] = calls[first + i & calls.length - 1];
        }
        calls = larger;
        first = 0;
    }
}
