package dev.weir.proxy.replay;

import java.io.IOException;

/** A file that is not a capture, or is one only up to some byte. The message names the file and what was expected. */
public final class CaptureException extends IOException {
    private static final long serialVersionUID = 1L;

    private final boolean cut;

    CaptureException(String message, boolean cut) {
        super(message);
        this.cut = cut;
    }

    /** Whether the file just ends too early, as when it was copied while the capture was being written. */
    boolean cut() {
        return cut;
    }
}
