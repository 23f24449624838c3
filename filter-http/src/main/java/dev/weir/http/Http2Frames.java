package dev.weir.http;

import dev.weir.core.filter.WireClock;
import dev.weir.http.ProtocolErrors.Reason;
import io.netty.buffer.ByteBuf;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Walks over the frames of a client before they are read, and counts those that cost work and bring nothing. Also those
 * the codec drops silently, as frames of streams that are gone.
 *
 * <pre>
 *   preface (24)   then frames:   length (3)  type (1)  flags (1)  stream (4)  payload (length)
 * </pre>
 */
final class Http2Frames {
    private static final int PREFACE = 24;
    private static final int HEADER = 9;

    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int RST_STREAM = 3;
    private static final int SETTINGS = 4;
    private static final int PING = 6;
    private static final int WINDOW_UPDATE = 8;
    private static final int CONTINUATION = 9;
    private static final int OTHER = 10;

    private static final int END_STREAM = 1;
    private static final int END_HEADERS = 4;

    private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(10);
    /** In one window, of each type. Clients send settings once, pings once in a while, and windows in answer to data. */
    private static final int[] ALLOWED = {0, 0, 1_000, 1_000, 100, 0, 1_000, 100, 10_000, 0, 1_000};
    /** As many more of {@code PRIORITY}, {@code RST_STREAM} and unknown types for each request. */
    private static final int PER_REQUEST = 10;
    /** Bytes of answers for which one more {@code WINDOW_UPDATE} is allowed. */
    private static final int BYTES_PER_UPDATE = 1_024;

    private static final int MOST_EMPTY = 10;
    private static final int MOST_CONTINUATIONS = 16;

    private final WireClock clock;
    private final int[] counts = new int[OTHER + 1];
    private long windowStart;
    private long requests;
    private long heads;
    private long sentBytes;

    private int preface;
    private int header;
    private int length;
    private int type;
    private int flags;
    private int payload;
    private boolean inBlock;
    private int continuations;
    private int empty;

    /** {@code preface}: whether the client's preface is still to come. */
    Http2Frames(WireClock clock, boolean preface) {
        this.clock = clock;
        this.preface = preface ? PREFACE : 0;
        this.windowStart = clock.nanoTime();
    }

    /** Answers went out, for which windows are opened again. */
    void sent(int bytes) {
        sentBytes += BYTES_PER_UPDATE + bytes;
    }

    /** Whether the client is in the middle of a block of headers, or of the preface. */
    boolean isInHeaders() {
        return inBlock || preface > 0 || payload > 0 && (type == HEADERS || type == CONTINUATION);
    }

    /** Number of heads and trailers that have begun. */
    long heads() {
        return heads;
    }

    /** Looks at what has come, and leaves it as it is; null if nothing is wrong with it. */
    @Nullable
    Reason walk(ByteBuf data) {
        int at = data.readerIndex();
        int end = data.writerIndex();
        while (at < end) {
            if (preface > 0) {
                int step = Math.min(preface, end - at);
                preface -= step;
                at += step;
            } else if (payload > 0) {
                int step = Math.min(payload, end - at);
                payload -= step;
                at += step;
            } else {
                headerByte(data.getByte(at++) & 0xff);
                Reason reason = header == 0 ? frame() : null;
                if (reason != null) {
                    return reason;
                }
            }
        }
        return null;
    }

    private void headerByte(int value) {
        switch (header) {
            case 0 -> length = value;
            case 1, 2 -> length = length << 8 | value;
            case 3 -> type = value;
            case 4 -> flags = value;
            default -> {} // the stream
        }
        header++;
        if (header == HEADER) {
            header = 0;
            payload = length;
        }
    }

    private @Nullable Reason frame() {
        if (type == HEADERS) {
            requests++;
            heads++;
            continuations = 0;
            inBlock = (flags & END_HEADERS) == 0;
        } else if (type == CONTINUATION) {
            inBlock = (flags & END_HEADERS) == 0;
            if (++continuations > MOST_CONTINUATIONS) {
                return Reason.CONTINUATIONS;
            }
        }
        if (length == 0 && isEmpty()) {
            if (++empty > MOST_EMPTY) {
                return Reason.EMPTY_FRAMES;
            }
        } else if (type <= HEADERS) {
            empty = 0;
        }
        int kind = Math.min(type, OTHER);
        return ++counts[kind] > ALLOWED[kind] && ALLOWED[kind] > 0 ? beyond(kind) : null;
    }

    private boolean isEmpty() {
        return switch (type) {
            case DATA -> (flags & END_STREAM) == 0;
            case HEADERS, CONTINUATION -> (flags & END_HEADERS) == 0;
            default -> false;
        };
    }

    /** The clock is read only now: at most this often in a window. */
    private @Nullable Reason beyond(int kind) {
        long now = clock.nanoTime();
        if (now - windowStart >= WINDOW_NANOS) {
            windowStart = now;
            requests = 0;
            sentBytes = 0;
            java.util.Arrays.fill(counts, 0);
            return null;
        }
        long allowed = ALLOWED[kind];
        Reason reason;
        switch (kind) {
            case SETTINGS -> reason = Reason.SETTINGS;
            case PING -> reason = Reason.PINGS;
            case WINDOW_UPDATE -> {
                reason = Reason.WINDOW_UPDATES;
                allowed += sentBytes / BYTES_PER_UPDATE;
            }
            case RST_STREAM -> {
                reason = Reason.RESETS;
                allowed += requests * PER_REQUEST;
            }
            default -> {
                reason = Reason.PRIORITIES;
                allowed += requests * PER_REQUEST;
            }
        }
        return counts[kind] > allowed ? reason : null;
    }
}
