package dev.weir.http;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Operation;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponse;
import org.jspecify.annotations.Nullable;

/**
 * What a protocol that is carried by HTTP tells of one exchange. It looks at what passes and holds none of it. On the loop, in the order of the
 * exchange; {@link #close} is the last call, whatever came before.
 */
abstract class Details {
    /** As in exchanges. */
    abstract String protocol();

    /** Bytes of the request's body, whose indices stay as they are. */
    void requestData(ByteBuf lent) {}

    /** The request is complete. */
    void requestEnd() {}

    /** The head of the answer; not of informational ones. Again, if another try of the request is answered after all. */
    void responseHead(HttpResponse head) {}

    /** Bytes of the answer's body, whose indices stay as they are. */
    void responseData(ByteBuf lent) {}

    /** The answer is complete. */
    void responseEnd(@Nullable HttpHeaders trailers) {}

    /** The answer that follows is Weir's own. */
    void byWeir() {}

    /** The operation; asked once, before {@link #fill}. */
    abstract Operation operation();

    /**
     * Sets what it knows. Status, times and sizes are set as for any exchange of HTTP before. Names that the client chose become labels as far as
     * {@link NameLabels} has them: what no server has proven may be of the client's own making.
     *
     * @param answered whether the upstream has answered, and to the end
     */
    abstract void fill(Exchange e, boolean answered);

    /** Gives back what it has borrowed. */
    void close() {}

    /** A body has passed, or has not: if it was not read to its end, that is counted. */
    final void countLoss(ObservationLoop loop, @Nullable BodyReader body) {
        BodyReader.Loss loss = body == null ? null : body.loss();
        if (loss != null) {
            loop.settings.lost(protocol(), loss.label());
        }
    }
}
