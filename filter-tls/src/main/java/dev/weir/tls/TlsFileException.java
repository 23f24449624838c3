package dev.weir.tls;

import java.io.Serial;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A file of TLS is not what it should be. The message says which and why, never what is in it. */
final class TlsFileException extends Exception {
    @Serial
    private static final long serialVersionUID = 1L;

    TlsFileException(Path file, String problem, @Nullable Throwable cause) {
        super("\"" + file + "\" " + problem, cause);
    }
}
