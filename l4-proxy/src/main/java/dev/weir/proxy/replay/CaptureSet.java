package dev.weir.proxy.replay;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/** Capture files as one: the packets of all by their time, as when a capture was cut into several files. */
public final class CaptureSet implements AutoCloseable {
    private final List<CaptureFile> files = new ArrayList<>();
    private final PriorityQueue<CaptureFile> waiting =
            new PriorityQueue<>(Comparator.comparingLong(file -> file.packet.nanos));
    private final List<String> problems = new ArrayList<>();
    private final long size;
    private @Nullable CaptureFile current;

    private CaptureSet(long size) {
        this.size = size;
    }

    /**
     * Opens files.
     *
     * @throws CaptureException for the first that is not to be read, or not a capture
     */
    public static CaptureSet open(List<Path> paths) throws IOException {
        long size = 0;
        for (Path path : paths) {
            size += Files.isRegularFile(path) ? Files.size(path) : 0;
        }
        CaptureSet set = new CaptureSet(size);
        boolean done = false;
        try {
            for (Path path : paths) {
                set.files.add(CaptureFile.open(path));
            }
            for (CaptureFile file : set.files) {
                set.advance(file);
            }
            done = true;
            return set;
        } finally {
            if (!done) {
                set.close();
            }
        }
    }

    /** Broken files give what they have up to there. */
    private void advance(CaptureFile file) throws IOException {
        try {
            if (file.next()) {
                waiting.add(file);
            }
        } catch (CaptureException e) {
            problems.add(String.valueOf(e.getMessage()));
        }
    }

    /** The time of the first packet; 0 if there is none. */
    long firstNanos() {
        CaptureFile first = waiting.peek();
        return first == null ? 0 : first.packet.nanos;
    }

    /** The next packet, valid until the next call; null at the end. */
    @Nullable
    CapturedPacket next() throws IOException {
        if (current != null) {
            advance(current);
        }
        current = waiting.poll();
        return current == null ? null : current.packet;
    }

    /** Bytes of all files. */
    public long size() {
        return size;
    }

    /** Bytes that were read so far. */
    public long position() {
        long sum = 0;
        for (CaptureFile file : files) {
            sum += file.position();
        }
        return sum;
    }

    /** Files that broke off, each with its place and what was expected. */
    public List<String> problems() {
        return List.copyOf(problems);
    }

    @Override
    public void close() throws IOException {
        for (CaptureFile file : files) {
            file.close();
        }
    }
}
