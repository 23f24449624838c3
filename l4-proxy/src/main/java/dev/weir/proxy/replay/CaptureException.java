package dev.weir.proxy.replay;

import java.io.IOException;

/** A file that is not a capture, or is one only up to some byte. The message names the file and what was expected. */
public final class CaptureException extends IOException {
    private static final long serialVersionUID = 1L;

    CaptureException(String message) {
        super(message);
    }
}
