package dev.weir.redis;

import dev.weir.core.config.ConfigErrors.Problem;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.ConfigNode.Positioned;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the fields of a pool as twemproxy does: everything is text, a number has nothing but digits, and only true and false are booleans. */
final class NutcrackerFields {
    private final ConfigNode pool;
    private final List<String> notes;

    NutcrackerFields(ConfigNode pool, List<String> notes) {
        this.pool = pool;
        this.notes = notes;
    }

    /** A text without control characters, or null after a report, or if it is absent. */
    @Nullable
    String text(String key) {
        ConfigNode node = pool.child(key);
        if (node == null) {
            return null;
        }
        if (node.isMap() || node.isList() || node.plain() == null) {
            node.error((node.isMap() ? "a map" : node.isList() ? "a list" : "nothing") + " (expected: a text)");
            return null;
        }
        String text = node.text();
        if (text.isEmpty()) {
            node.error("empty (expected: a text)");
            return null;
        }
        return text;
    }

    /** A whole number of at least {@code min}, or {@code absent}. */
    int number(String key, int absent, int min) {
        String text = text(key);
        if (text == null) {
            return absent;
        }
        int number = digits(text);
        if (number < min) {
            pool.error(
                    key,
                    "\"" + text + "\" (expected: a whole number in digits, " + min + ".." + Integer.MAX_VALUE + ")");
            return absent;
        }
        return number;
    }

    /** The number that the digits make; -1 if there is something else, or it is too large. */
    static int digits(String text) {
        if (!text.matches("[0-9]{1,18}")) {
            return -1;
        }
        long number = Long.parseLong(text);
        return number > Integer.MAX_VALUE ? -1 : (int) number;
    }

    boolean flag(String key) {
        String text = text(key);
        if (text != null && !text.equals("true") && !text.equals("false")) {
            pool.error(key, "\"" + text + "\" (expected: true or false)");
        }
        return "true".equals(text);
    }

    String oneOf(String key, String absent, List<String> valid) {
        return text(key) == null ? absent : pool.oneOf(key, absent, valid);
    }

    /** {@code value}, in {@code min}…{@code max}; says so where that changes it. */
    int bounded(String key, int value, int min, int max, String unit) {
        int bounded = Math.max(min, Math.min(max, value));
        if (bounded != value) {
            note(
                    key,
                    value + unit + " becomes " + bounded + unit + ", " + (bounded == min ? "the least" : "the most")
                            + " there is");
        }
        return bounded;
    }

    /** Something to be told that is no problem. */
    void note(String key, String text) {
        ConfigNode node = pool.child(key);
        ConfigNode at = node == null ? pool : node;
        notes.add(new Problem(at.path(), text, at.line(), at.column()).toString());
    }

    /** A value with the place of a field. */
    Object at(String key, Object value) {
        ConfigNode node = pool.child(key);
        return node == null || node.line() == 0 ? value : new Positioned(value, node.line(), node.column());
    }
}
