package dev.weir.http;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Short texts from bytes: the same instance for the same bytes, as long as no other text takes its place. Bounded; on one loop only. */
final class Texts {
    /** Most bytes of a text. */
    static final int LONGEST = 255;

    private static final int PLACES = 1_024;

    private final @Nullable String[] places = new @Nullable String[PLACES];

    /** The text of so many bytes, the first {@value #LONGEST} of them. */
    String of(byte[] a, int from, int length) {
        int n = Math.min(length, LONGEST);
        int hash = 0;
        boolean ascii = true;
        for (int i = from; i < from + n; i++) {
            hash = 31 * hash + a[i];
            ascii &= a[i] >= 0;
        }
        int place = (hash ^ hash >>> 15) & PLACES - 1;
        String there = places[place];
        if (there != null && ascii && is(there, a, from, n)) {
            return there;
        }
        String made = new String(a, from, n, StandardCharsets.UTF_8);
        if (there != null && there.equals(made)) {
            return there;
        }
        places[place] = made;
        return made;
    }

    /** The text of so many characters, the first {@value #LONGEST} of them. */
    String of(char[] a, int from, int length) {
        int n = Math.min(length, LONGEST);
        int hash = 0;
        for (int i = from; i < from + n; i++) {
            hash = 31 * hash + a[i];
        }
        int place = (hash ^ hash >>> 15) & PLACES - 1;
        String there = places[place];
        if (there != null && is(there, a, from, n)) {
            return there;
        }
        String made = new String(a, from, n);
        places[place] = made;
        return made;
    }

    private static boolean is(String text, char[] a, int from, int n) {
        if (text.length() != n) {
            return false;
        }
        for (int i = 0; i < n; i++) {
            if (text.charAt(i) != a[from + i]) {
                return false;
            }
        }
        return true;
    }

    /** The text of a part of another one. */
    String of(CharSequence text, int from, int to) {
        int n = Math.min(to - from, LONGEST);
        int hash = 0;
        for (int i = from; i < from + n; i++) {
            hash = 31 * hash + text.charAt(i);
        }
        int place = (hash ^ hash >>> 15) & PLACES - 1;
        String there = places[place];
        if (there != null && is(there, text, from, n)) {
            return there;
        }
        String made = text.subSequence(from, from + n).toString();
        places[place] = made;
        return made;
    }

    private static boolean is(String text, byte[] a, int from, int n) {
        if (text.length() != n) {
            return false;
        }
        for (int i = 0; i < n; i++) {
            if (text.charAt(i) != a[from + i]) {
                return false;
            }
        }
        return true;
    }

    private static boolean is(String text, CharSequence other, int from, int n) {
        if (text.length() != n) {
            return false;
        }
        for (int i = 0; i < n; i++) {
            if (text.charAt(i) != other.charAt(from + i)) {
                return false;
            }
        }
        return true;
    }
}
