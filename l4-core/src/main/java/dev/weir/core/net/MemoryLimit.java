package dev.weir.core.net;

import io.netty.util.internal.PlatformDependent;

/**
 * Watches the memory of Netty's direct buffers against {@code memory.buffers}. Near the limit the process is overloaded, so that the
 * connections there are have room to finish; at the limit Netty refuses to allocate.
 */
final class MemoryLimit {
    private final long shedAt;
    private final long resumeAt;

    /** {@code limit} in bytes; 0 takes Netty's own limit. */
    MemoryLimit(long limit) {
        long hard = limit > 0 ? limit : PlatformDependent.maxDirectMemory();
        this.shedAt = hard - hard / 10;
        this.resumeAt = hard - hard / 5;
    }

    /** Direct memory in use, in bytes, or 0 where Netty cannot tell. */
    static long used() {
        return Math.max(0, PlatformDependent.usedDirectMemory());
    }

    /** Above 90 %. */
    boolean exceeded() {
        return used() > shedAt;
    }

    /** Below 80 %. */
    boolean recovered() {
        return used() < resumeAt;
    }

    /** In bytes. */
    long shedAt() {
        return shedAt;
    }
}
