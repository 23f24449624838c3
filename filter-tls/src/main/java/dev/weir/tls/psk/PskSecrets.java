package dev.weir.tls.psk;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Identities and their keys, as stunnel's {@code PSKsecrets} has them: a line {@code IDENTITY:KEY} for each; a key of an even number of hexadecimal
 * digits is one in hexadecimal, any other is the text itself. No comments: a line that begins with # is one for an identity that does.
 */
final class PskSecrets {
    static final int MIN_KEY = 16;
    static final int MAX_KEY = 256;
    static final int MAX_IDENTITY = 127;

    private final List<Entry> entries;
    /** The key of nobody: who says an unknown identity fails as one with a wrong key. */
    private final byte[] nobody = new byte[32];

    /** A pair. Its text never shows the key. */
    static final class Entry {
        private final byte[] identity;
        private final byte[] key;

        private Entry(byte[] identity, byte[] key) {
            this.identity = identity;
            this.key = key;
        }

        byte[] identity() {
            return identity.clone();
        }

        /** A copy, as who gets it wipes it. */
        byte[] key() {
            return key.clone();
        }

        String name() {
            return new String(identity, StandardCharsets.UTF_8);
        }
    }

    private PskSecrets(List<Entry> entries) {
        this.entries = List.copyOf(entries);
        new SecureRandom().nextBytes(nobody);
    }

    /**
     * Reads the content of a file.
     *
     * @throws IllegalArgumentException with the number of the line and what is wrong, without what it holds
     */
    static PskSecrets parse(String text) {
        List<Entry> entries = new ArrayList<>();
        String[] lines = text.split("\n", -1);
        for (int i = 0; i < lines.length; i++) {
            String line = lines[i].endsWith("\r") ? lines[i].substring(0, lines[i].length() - 1) : lines[i];
            if (!line.isEmpty()) {
                entries.add(entry(line, i + 1, entries));
            }
        }
        if (entries.isEmpty()) {
            throw new IllegalArgumentException("no line with IDENTITY:KEY");
        }
        return new PskSecrets(entries);
    }

    private static Entry entry(String line, int number, List<Entry> before) {
        int colon = line.indexOf(':');
        if (colon < 0) {
            throw new IllegalArgumentException("line " + number + ": not in the form IDENTITY:KEY");
        }
        byte[] identity = line.substring(0, colon).getBytes(StandardCharsets.UTF_8);
        if (identity.length > MAX_IDENTITY) {
            throw new IllegalArgumentException("line " + number + ": an identity of " + identity.length
                    + " bytes (expected: at most " + MAX_IDENTITY + ")");
        }
        byte[] key = key(line.substring(colon + 1));
        if (key.length < MIN_KEY || key.length > MAX_KEY) {
            throw new IllegalArgumentException("line " + number + ": a key of " + key.length + " bytes (expected: "
                    + MIN_KEY + ".." + MAX_KEY + ")");
        }
        if (before.stream().anyMatch(e -> MessageDigest.isEqual(e.identity, identity))) {
            throw new IllegalArgumentException("line " + number + ": an identity for the second time");
        }
        return new Entry(identity, key);
    }

    private static byte[] key(String text) {
        boolean hexadecimal = text.length() % 2 == 0 && text.chars().allMatch(HexFormat::isHexDigit);
        return hexadecimal ? HexFormat.of().parseHex(text) : text.getBytes(StandardCharsets.UTF_8);
    }

    /** Compares with all of them, each in full, so that how long it takes says nothing of who is known. */
    @Nullable
    Entry find(byte[] identity) {
        Entry found = null;
        for (Entry entry : entries) {
            if (MessageDigest.isEqual(entry.identity, identity)) {
                found = entry;
            }
        }
        return found;
    }

    /** A key that nobody has. */
    byte[] nobody() {
        return nobody.clone();
    }

    /** That of this name, the first one if it is null; null if there is none. */
    @Nullable
    Entry named(@Nullable String identity) {
        return identity == null ? entries.get(0) : find(identity.getBytes(StandardCharsets.UTF_8));
    }

    int size() {
        return entries.size();
    }
}
