package dev.weir.proxy;

import io.netty.handler.codec.http.HttpResponseStatus;

/** A request that is answered with an error. */
final class AdminException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;

    AdminException(HttpResponseStatus status, String message) {
        super(message, null, false, false);
        this.status = status.code();
    }

    HttpResponseStatus status() {
        return HttpResponseStatus.valueOf(status);
    }

    /** The value of a parameter cannot be used. */
    static AdminException badParameter(String name, String value, String expected) {
        String shown = value.length() > 60 ? value.substring(0, 60) + "…" : value;
        return new AdminException(
                HttpResponseStatus.BAD_REQUEST, name + ": \"" + shown + "\" (expected: " + expected + ")");
    }
}
