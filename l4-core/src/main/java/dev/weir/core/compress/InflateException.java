package dev.weir.core.compress;

/** A frame that cannot be inflated. Without a stack trace: it is made from bytes that a peer chose. */
public final class InflateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final boolean noRoom;

    InflateException(String message, boolean noRoom) {
        super(message, null, false, false);
        this.noRoom = noRoom;
    }

    /** True if the frame may well be right, but asks for more memory than is left; false if it is malformed. */
    public boolean noRoom() {
        return noRoom;
    }
}
