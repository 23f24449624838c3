package dev.weir.http;

import java.util.Arrays;

/** Knows where in a body it is: the names of the first few maps and lists around. */
abstract class PathSink implements TokenSink {
    private static final int KNOWN = 8;

    private final String[] names = new String[KNOWN];
    private int depth;

    PathSink() {
        Arrays.fill(names, "");
    }

    /** Before another body. */
    void reset() {
        depth = 0;
    }

    /** How many maps and lists are around; 1: in what the whole body is. */
    final int depth() {
        return depth;
    }

    /** The name of the map or list that has so many around it. */
    final String around(int level) {
        return level < KNOWN && level < depth ? names[level] : "";
    }

    /** Whether what is told of is within the part {@code name} of the whole. */
    final boolean in(String name) {
        return depth > 1 && names[1].equals(name);
    }

    @Override
    public final void begin(boolean map, String name) {
        opened(map, name);
        if (depth < KNOWN) {
            names[depth] = name;
        }
        depth++;
    }

    @Override
    public final void end() {
        depth--;
        closed();
    }

    /** A map or list begins; {@link #depth} is that of what is around it. */
    abstract void opened(boolean map, String name);

    /** One has ended; {@link #depth} is that of what was around it. */
    void closed() {}
}
