package dev.weir.ratelimit;

import dev.weir.core.ratelimit.RateLimitService.Question;
import dev.weir.core.ratelimit.RateLimitService.Reply;
import dev.weir.core.ratelimit.RateLimitService.Result;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One call: from the question to its end. All on the loop of its client, which runs the callbacks. */
final class GrpcQuestion extends ClientCall.Listener<Reply> implements Question {
    private final GrpcClient client;
    private final Consumer<Reply> then;
    /** The channel it was sent on, and the call; null before. */
    private @Nullable ServiceChannel channel;

    private @Nullable ClientCall<RateLimitMessages.Request, Reply> call;
    private @Nullable Reply reply;
    private boolean ended;

    GrpcQuestion(GrpcClient client, Consumer<Reply> then) {
        this.client = client;
        this.then = then;
    }

    void send(ServiceChannel on, ClientCall<RateLimitMessages.Request, Reply> with, RateLimitMessages.Request request) {
        channel = on;
        call = with;
        with.start(this, new Metadata());
        with.request(2); // One to have, one more to know that there is no other.
        with.sendMessage(request);
        with.halfClose();
    }

    @Override
    public void onMessage(Reply message) {
        reply = message;
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
        if (ended) {
            return;
        }
        Reply answer = reply;
        if (!status.isOk() || answer == null) {
            answer = new Reply(result(status), 0);
        }
        if (channel != null) {
            client.ended(channel, answer.result(), status);
        }
        end(answer);
    }

    private static Result result(Status status) {
        return switch (status.getCode()) {
            case DEADLINE_EXCEEDED -> Result.TIMEOUT;
            case UNAVAILABLE -> Result.UNAVAILABLE;
            default -> Result.ERROR;
        };
    }

    /** It is answered, if it was not before. */
    void end(Reply answer) {
        if (!ended) {
            ended = true;
            client.forget(this);
            then.accept(answer);
        }
    }

    @Override
    public void cancel() {
        if (!ended) {
            ended = true;
            client.forget(this);
            if (call != null) {
                call.cancel("nobody waits for the answer any more", null);
            }
        }
    }
}
