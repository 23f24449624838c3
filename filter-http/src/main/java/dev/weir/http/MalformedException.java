package dev.weir.http;

/** A body is not what it is said to be. Without a trace: what peers send is not to cost that. */
final class MalformedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    MalformedException(String message) {
        super(message, null, false, false);
    }
}
