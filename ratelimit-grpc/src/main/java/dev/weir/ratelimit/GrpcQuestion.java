package dev.weir.ratelimit;

import dev.weir.core.ratelimit.RateLimitService.Entry;
import dev.weir.core.ratelimit.RateLimitService.Question;
import dev.weir.core.ratelimit.RateLimitService.Reply;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One call: from the question to its end. */
final class GrpcQuestion implements Question {
    final List<List<Entry>> descriptors;
    final int hits;
    /** Of the connection it was sent on; null before. */
    @Nullable
    GrpcConnection connection;

    @Nullable
    Http2FrameStream stream;

    @Nullable
    ScheduledFuture<?> timer;

    /** What has come of the answer. */
    @Nullable
    ByteBuf body;

    /** The question has ended: nobody is to be told any more. */
    boolean ended;

    private final GrpcClient client;
    private final Consumer<Reply> then;

    GrpcQuestion(GrpcClient client, List<List<Entry>> descriptors, int hits, Consumer<Reply> then) {
        this.client = client;
        this.descriptors = descriptors;
        this.hits = hits;
        this.then = then;
    }

    void tell(Reply answer) {
        then.accept(answer);
    }

    void releaseBody() {
        ByteBuf left = body;
        body = null;
        if (left != null) {
            left.release();
        }
    }

    @Override
    public void cancel() {
        client.cancel(this);
    }
}
