package dev.weir.proxy.replay;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Capture files as one: the packets of all by their time, as when a capture was cut into several files. All are open
 * at once. One thread's.
 */
public final class CaptureSet implements AutoCloseable {
    /** Called before a source is read, so that nothing is kept back while it has nothing to say. */
    @FunctionalInterface
    interface Pause {
        void beforeRead() throws IOException;
    }

    private final List<CaptureFile> files = new ArrayList<>();
    private final PriorityQueue<CaptureFile> waiting =
            new PriorityQueue<>(Comparator.comparingLong(file -> file.packet.nanos));
    private final List<String> problems = new ArrayList<>();
    private boolean broken;
    private Pause pause = () -> {};
    private @Nullable CaptureFile current;

    private CaptureSet() {}

    /**
     * Opens files, and reads the first packet of each.
     *
     * @param names of files, {@code -} for standard input
     * @throws CaptureException for the first that cannot be read, or is not a capture
     */
    public static CaptureSet open(List<String> names) throws IOException {
        CaptureSet set = new CaptureSet();
        boolean done = false;
        try {
            for (String name : names) {
                set.files.add(CaptureFile.open(name, () -> set.pause.beforeRead()));
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

    /** A broken file gives what it has up to there. */
    private void advance(CaptureFile file) throws IOException {
        try {
            if (file.next()) {
                waiting.add(file);
            }
        } catch (CaptureException e) {
            broken |= !e.cut();
            problems.add(String.valueOf(e.getMessage()));
        }
    }

    void beforeRead(Pause action) {
        pause = action;
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

    /** Bytes of all files; 0 if one has no end yet. */
    public long size() {
        long sum = 0;
        for (CaptureFile file : files) {
            if (file.size() == 0) {
                return 0;
            }
            sum += file.size();
        }
        return sum;
    }

    /** Bytes that were read so far. */
    public long position() {
        long sum = 0;
        for (CaptureFile file : files) {
            sum += file.position();
        }
        return sum;
    }

    /** Files that broke off, each with its place and what was expected there. */
    public List<String> problems() {
        return List.copyOf(problems);
    }

    /** Whether one of them holds something else than a capture, and does not just end early. */
    public boolean broken() {
        return broken;
    }

    @Override
    public void close() throws IOException {
        for (CaptureFile file : files) {
            file.close();
        }
    }
}
