package dev.weir.redis;

/** The patterns of KEYS and SCAN: {@code *}, {@code ?}, {@code [a-z]}, {@code [^a]} and {@code \} as a server has them. */
final class Glob {
    /** Of a pattern: it is compared with each key, on an event loop. */
    static final int LONGEST = 1024;

    static final String TOO_LONG = "ERR a pattern of more than " + LONGEST
            + " bytes is not supported by redis_proxy where keys have other names at the shards";

    private final byte[] pattern;

    Glob(byte[] pattern) {
        this.pattern = pattern;
    }

    /** Whether all of the text fits. Takes no more steps than pattern times text are long. */
    boolean matches(byte[] text) {
        int p = 0;
        int t = 0;
        int star = -1; // behind the last one, where to go on if what follows does not fit
        int from = 0;
        while (t < text.length) {
            if (p < pattern.length && pattern[p] == '*') {
                star = ++p;
                from = t;
                continue;
            }
            int next = p < pattern.length ? one(p, text[t]) : -1;
            if (next >= 0) {
                p = next;
                t++;
            } else if (star >= 0) {
                p = star;
                t = ++from;
            } else {
                return false;
            }
        }
        while (p < pattern.length && pattern[p] == '*') {
            p++;
        }
        return p == pattern.length;
    }

    /** Behind what stands at {@code p} for one byte, if {@code c} fits it; else -1. */
    private int one(int p, byte c) {
        switch (pattern[p]) {
            case '?':
                return p + 1;
            case '[':
                return set(p + 1, c & 0xff);
            case '\\':
                int at = p + 1 < pattern.length ? p + 1 : p;
                return pattern[at] == c ? at + 1 : -1;
            default:
                return pattern[p] == c ? p + 1 : -1;
        }
    }

    /** A set that is not closed ends with the pattern. */
    private int set(int begin, int c) {
        int p = begin;
        boolean not = p < pattern.length && pattern[p] == '^';
        if (not) {
            p++;
        }
        boolean found = false;
        while (p < pattern.length && pattern[p] != ']') {
            if (pattern[p] == '\\' && p + 1 < pattern.length) {
                p++;
                found |= (pattern[p] & 0xff) == c;
                p++;
            } else if (p + 2 < pattern.length && pattern[p + 1] == '-') {
                int first = pattern[p] & 0xff;
                int last = pattern[p + 2] & 0xff;
                found |= c >= Math.min(first, last) && c <= Math.max(first, last);
                p += 3;
            } else {
                found |= (pattern[p] & 0xff) == c;
                p++;
            }
        }
        return found != not ? Math.min(p + 1, pattern.length) : -1;
    }
}
