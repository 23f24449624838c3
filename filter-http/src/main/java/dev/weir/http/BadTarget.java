package dev.weir.http;

/** A request target that is refused: it is none, or could be read in two ways. The message is a short reason without what the client sent. */
final class BadTarget extends Exception {
    private static final long serialVersionUID = 1L;

    BadTarget(String reason) {
        super(reason, null, false, false); // thrown at clients' will: no stack trace
    }
}
