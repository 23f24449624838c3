package dev.weir.http;

/**
 * Cuts the strings of JSON down to {@link Token#LONGEST} bytes, before a parser would hold them whole. Takes any bytes in any pieces; what is not within a
 * string passes as it is.
 *
 * <pre>
 *   OUTSIDE ──"──▶ STRING ──\──▶ ESCAPE ──u──▶ DIGITS (four)
 *      ▲───────"─────┘ ▲──────────┘──────────────┘
 * </pre>
 */
final class ShortStrings {
    private static final int OUTSIDE = 0;
    private static final int STRING = 1;
    private static final int ESCAPE = 2;
    private static final int DIGITS = 3;

    private int state = OUTSIDE;
    private int kept;
    private int rest;
    private int digits;
    private boolean dropping;

    /** Copies what is kept to {@code out}, which has room for all; answers how much. */
    int copy(byte[] in, int from, int to, byte[] out) {
        int n = 0;
        for (int i = from; i < to; i++) {
            byte b = in[i];
            boolean keep = switch (state) {
                case STRING -> inString(b);
                case ESCAPE -> inEscape(b);
                case DIGITS -> inDigits();
                default -> outside(b);
            };
            if (keep) {
                out[n++] = b;
            }
        }
        return n;
    }

    private boolean outside(byte b) {
        if (b == '"') {
            state = STRING;
            kept = 0;
            dropping = false;
        }
        return true;
    }

    private boolean inString(byte b) {
        if (b == '"') {
            state = OUTSIDE;
            return true;
        }
        if (dropping) {
            state = b == '\\' ? ESCAPE : STRING;
            return false;
        }
        if (kept < Token.LONGEST) {
            kept++;
            rest = b >= 0 ? 0 : 3;
            state = b == '\\' ? ESCAPE : STRING;
            return true;
        }
        // A character of several bytes is kept whole.
        if ((b & 0xc0) == 0x80 && rest-- > 0) {
            return true;
        }
        dropping = true;
        state = b == '\\' ? ESCAPE : STRING;
        return false;
    }

    private boolean inEscape(byte b) {
        state = b == 'u' ? DIGITS : STRING;
        digits = 4;
        return !dropping;
    }

    private boolean inDigits() {
        if (--digits == 0) {
            state = STRING;
        }
        return !dropping;
    }
}
