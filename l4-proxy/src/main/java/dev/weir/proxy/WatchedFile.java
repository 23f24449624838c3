package dev.weir.proxy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Tells when a file has changed. A change counts once two looks have seen the same, so that a half-written file is not read. What a
 * symbolic link points to counts too: that is how Kubernetes swaps the files of a config map. Not thread-safe.
 */
final class WatchedFile {
    /** What a look finds. */
    enum Look {
        /** What was read last. */
        SAME,
        /** Something else than at the look before. */
        MOVING,
        /** Something that has not been read, and is not being written. */
        CHANGED,
        /** No file, or one that may not be looked at; twice. */
        GONE
    }

    private final String name;
    private @Nullable State read;
    private @Nullable State seen;

    /** What tells one state of the file from another. */
    private record State(
            Path real,
            FileTime modified,
            long size,
            @Nullable Object key) {
        static @Nullable State of(String name) {
            try {
                Path real = Path.of(name).toRealPath();
                BasicFileAttributes attributes = Files.readAttributes(real, BasicFileAttributes.class);
                return new State(real, attributes.lastModifiedTime(), attributes.size(), attributes.fileKey());
            } catch (IOException | InvalidPathException e) {
                // Gone for the moment: an editor is replacing it, or a volume is being mounted.
                return null;
            }
        }
    }

    /** The file as it is now counts as read. */
    WatchedFile(String name) {
        this.name = name;
        reading();
    }

    /** To be called before it is read: what is changed while it is counts as a change. */
    void reading() {
        read = State.of(name);
    }

    Look look() {
        State now = State.of(name);
        boolean settled = Objects.equals(now, seen);
        seen = now;
        if (!settled) {
            return Look.MOVING;
        }
        if (now == null) {
            return Look.GONE;
        }
        return now.equals(read) ? Look.SAME : Look.CHANGED;
    }
}
