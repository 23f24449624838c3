package dev.weir.http;

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

    int status() {
        return status;
    }
}
