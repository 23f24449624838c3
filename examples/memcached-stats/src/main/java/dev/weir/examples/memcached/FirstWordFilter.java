package dev.weir.examples.memcached;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterContext;
import dev.weir.core.filter.NetworkFilter;
import io.micrometer.core.instrument.Counter;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;

/** Holds what a client sends until its first word is complete, then lets everything go on, or refuses. */
final class FirstWordFilter implements NetworkFilter {
    /** Longest word that can be allowed. */
    static final int LONGEST = 64;

    /** What the connections share. */
    record Rules(Set<String> allowed, String answer, Duration timeout, Counter refused) {}

    private final Rules rules;
    private boolean let;

    FirstWordFilter(Rules rules) {
        this.rules = rules;
    }

    @Override
    public Opening onOpen(FilterContext context) {
        context.holdDeadline("first_word", rules.timeout);
        return Opening.WAIT; // filters behind this one and the connection to the upstream
    }

    @Override
    public int onData(FilterContext context, Direction direction, ByteBuf data) {
        if (let || direction == Direction.TO_CLIENT) {
            return data.readableBytes();
        }
        int length = wordLength(data);
        if (length < 0) {
            return 0; // half a word: asked again with more behind it
        }
        if (length == 0 || !rules.allowed.contains(word(data, length))) {
            refuse(context);
            return 0;
        }
        let = true;
        context.resume(Direction.TO_UPSTREAM); // ends the WAIT
        return data.readableBytes();
    }

    @Override
    public void onEndOfStream(FilterContext context, Direction direction) {
        if (!let) {
            refuse(context); // the word will never be complete
        }
    }

    /** Length of the first word; -1 while it is incomplete, 0 if it is none. */
    private static int wordLength(ByteBuf data) {
        int most = Math.min(data.readableBytes(), LONGEST + 1);
        for (int i = 0; i < most; i++) {
            byte b = data.getByte(data.readerIndex() + i);
            if (b == ' ' || b == '\r' || b == '\n') {
                return i;
            }
        }
        return most > LONGEST ? 0 : -1;
    }

    private static String word(ByteBuf data, int length) {
        return data.toString(data.readerIndex(), length, StandardCharsets.ISO_8859_1);
    }

    private void refuse(FilterContext context) {
        rules.refused.increment();
        context.inject(
                Direction.TO_CLIENT, ByteBufUtil.writeUtf8(context.connection().allocator(), rules.answer));
        context.close(CloseReason.FILTER);
    }
}
