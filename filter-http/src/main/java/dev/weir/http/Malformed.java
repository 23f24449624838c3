package dev.weir.http;

import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.TooLongHttpLineException;

/** A message that nobody may pass on. Without a stack trace, as clients make as many as they like. */
final class Malformed extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int status;

    /**
     * @param status what a client is answered
     * @param reason for the client; a constant
     */
    Malformed(int status, String reason) {
        super(reason, null, false, false);
        this.status = status;
    }

    /** What the decoder found. */
    static Malformed of(Throwable cause) {
        if (cause instanceof Malformed known) {
            return known;
        }
        if (cause instanceof TooLongHttpLineException) {
            return new Malformed(414, "the request line is too long");
        }
        if (cause instanceof TooLongFrameException) {
            return new Malformed(431, "the head is too long");
        }
        return new Malformed(400, "not a request");
    }

    /** What the decoder found behind a head. */
    static Malformed ofBody(Throwable cause) {
        if (cause instanceof Malformed known) {
            return known;
        }
        return cause instanceof TooLongFrameException && !(cause instanceof TooLongHttpLineException)
                ? new Malformed(431, "the trailers are too long")
                : new Malformed(400, "not a chunk");
    }

    /** What is counted. */
    ProtocolErrors.Reason reason() {
        return switch (status) {
            case 408 -> ProtocolErrors.Reason.HEADERS_TIMEOUT;
            case 414, 431 -> ProtocolErrors.Reason.HEADER_LIMIT;
            default -> ProtocolErrors.Reason.MALFORMED;
        };
    }

    int status() {
        return status;
    }
}
