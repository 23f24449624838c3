package dev.weir.core.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One place in a configuration: a map, a list or a single value, with its path and its position. Typed reads
 * report what is wrong to the shared {@link ConfigErrors} and go on with a placeholder, so one run finds all
 * problems. After reading all keys of a map call {@link #rejectUnknown}; for the map that a factory is given the core does,
 * sections in it are the factory's. Not thread-safe.
 */
public final class ConfigNode {
    private final String path;
    private final int line;
    private final int column;
    private int keyLine;
    private int keyColumn;
    private final ConfigErrors errors;
    /** A Map of ConfigNode, a List of ConfigNode, or a String, Number, Boolean or null. */
    private final @Nullable Object value;

    private final Set<String> known = new LinkedHashSet<>();

    private ConfigNode(String path, int line, int column, ConfigErrors errors, @Nullable Object value) {
        this.path = path;
        this.line = line;
        this.column = column;
        this.errors = errors;
        this.value = value;
    }

    /**
     * Makes a tree of plain Java values: maps with text keys, lists, texts, numbers, booleans, null; what is
     * {@link Positioned} brings its line and column.
     */
    public static ConfigNode of(@Nullable Object plain, ConfigErrors errors) {
        return make("", plain, errors);
    }

    /**
     * A value with its place in a file, for {@link #of}.
     *
     * @param value what {@link #of} takes
     * @param line from 1
     * @param column from 1
     * @param keyLine line of the key whose value it is, or 0
     * @param keyColumn column of that key, or 0
     */
    public record Positioned(@Nullable Object value, int line, int column, int keyLine, int keyColumn) {
        /** A value without a key. */
        public Positioned(@Nullable Object value, int line, int column) {
            this(value, line, column, 0, 0);
        }
    }

    private static ConfigNode make(String path, @Nullable Object plain, ConfigErrors errors) {
        int line = 0;
        int column = 0;
        int keyLine = 0;
        int keyColumn = 0;
        Object value = plain;
        if (plain instanceof Positioned positioned) {
            keyLine = positioned.keyLine();
            keyColumn = positioned.keyColumn();
            line = positioned.line();
            column = positioned.column();
            value = positioned.value();
        }
        if (value instanceof Map<?, ?> map) {
            Map<String, ConfigNode> children = new LinkedHashMap<>();
            map.forEach((k, v) -> {
                String key = String.valueOf(k);
                children.put(key, make(path.isEmpty() ? key : path + "." + key, v, errors));
            });
            value = children;
        } else if (value instanceof Collection<?> list) {
            List<ConfigNode> children = new ArrayList<>();
            for (Object element : list) {
                children.add(make(path + "[" + children.size() + "]", element, errors));
            }
            value = children;
        }
        ConfigNode node = new ConfigNode(path, line, column, errors, value);
        node.keyLine = keyLine;
        node.keyColumn = keyColumn;
        return node;
    }

    /** Path from the root: {@code listeners[0].name}; empty at the root. */
    public String path() {
        return path;
    }

    /** Line in the file from 1, or 0. */
    public int line() {
        return line;
    }

    /** Column from 1, or 0. */
    public int column() {
        return column;
    }

    /** Where problems of the whole tree are collected. */
    public ConfigErrors errors() {
        return errors;
    }

    /** Reports a problem at this place. */
    public void error(String problem) {
        errors.add(this, problem);
    }

    /** Reports a problem at a key of this map, or at the map itself if the key is absent. */
    public void error(String key, String problem) {
        ConfigNode child = child(key);
        if (child != null) {
            child.error(problem);
        } else {
            errors.add(path.isEmpty() ? key : path + "." + key, problem, line, column);
        }
    }

    /** Whether this is a map. */
    public boolean isMap() {
        return value instanceof Map;
    }

    /** Whether this is a list. */
    public boolean isList() {
        return value instanceof List;
    }

    /** Whether {@code key} is present in this map (also with an empty value). Marks it as known. */
    public boolean has(String key) {
        return child(key) != null;
    }

    /** The node at {@code key}, or null if absent or this is no map. Marks the key as known. */
    public @Nullable ConfigNode child(String key) {
        known.add(key);
        return map().get(key);
    }

    /** The node at {@code key}; an absent one is reported, and an empty map returned. */
    public ConfigNode required(String key) {
        ConfigNode child = child(key);
        if (child == null) {
            errors.add(path.isEmpty() ? key : path + "." + key, "missing", line, column);
            return new ConfigNode(path.isEmpty() ? key : path + "." + key, line, column, new ConfigErrors(), Map.of());
        }
        return child;
    }

    /** The node at {@code key} as a map: an empty map if absent; anything else is reported. */
    public ConfigNode section(String key) {
        ConfigNode child = child(key);
        if (child == null) {
            return new ConfigNode(path.isEmpty() ? key : path + "." + key, line, column, errors, Map.of());
        }
        if (!child.isMap()) {
            child.error(child.shown() + " (expected: a map)");
        }
        return child;
    }

    /** Entries of this map in order; empty if it is none. Marks all keys as known. */
    public Map<String, ConfigNode> entries() {
        known.addAll(map().keySet());
        return map();
    }

    /** Elements of this list; a single value counts as a list of one; a map or nothing is reported. */
    public List<ConfigNode> elements() {
        if (value instanceof List<?> list) {
            List<ConfigNode> nodes = new ArrayList<>();
            list.forEach(e -> nodes.add((ConfigNode) e));
            return nodes;
        }
        if (value == null || isMap()) {
            error(shown() + " (expected: a list)");
            return List.of();
        }
        return List.of(this);
    }

    /** Elements of the list at {@code key}; empty if absent. */
    public List<ConfigNode> list(String key) {
        ConfigNode child = child(key);
        return child == null ? List.of() : child.elements();
    }

    /** This single value as text; anything else is reported. */
    public String text() {
        if (value == null || value instanceof Map || value instanceof List) {
            error(shown() + " (expected: a text)");
            return "";
        }
        return String.valueOf(value);
    }

    /** Reads this value with {@code parser}, whose IllegalArgumentException becomes the problem. */
    public <T> T as(Function<String, T> parser, T placeholder) {
        if (value == null || value instanceof Map || value instanceof List) {
            error(shown() + " (expected: a single value)");
            return placeholder;
        }
        try {
            return parser.apply(String.valueOf(value));
        } catch (IllegalArgumentException e) {
            error(String.valueOf(e.getMessage()));
            return placeholder;
        }
    }

    /** Text at {@code key}; absent or empty is reported. */
    public String string(String key) {
        ConfigNode child = child(key);
        if (child == null) {
            required(key);
            return "";
        }
        String text = child.text();
        if (text.isEmpty() && child.value != null) {
            child.error("empty (expected: a text)");
        }
        return text;
    }

    /** Text at {@code key}, or {@code absent}. */
    public @Nullable String string(String key, @Nullable String absent) {
        ConfigNode child = child(key);
        return child == null ? absent : child.text();
    }

    /** One of {@code valid} at {@code key}, or {@code absent}. */
    public String oneOf(String key, String absent, Collection<String> valid) {
        ConfigNode child = child(key);
        if (child == null) {
            return absent;
        }
        String text = child.text();
        if (!valid.contains(text)) {
            child.error("\"" + text + "\"" + Names.suggest(text, valid));
            return absent;
        }
        return text;
    }

    /** {@code true} or {@code false} at {@code key}, or {@code absent}. */
    public boolean bool(String key, boolean absent) {
        ConfigNode child = child(key);
        if (child == null) {
            return absent;
        }
        if (child.value instanceof Boolean b) {
            return b;
        }
        child.error(child.shown() + " (expected: true or false)");
        return absent;
    }

    /** A whole number of {@code min}…{@code max} at {@code key}, or {@code absent}. */
    public long integer(String key, long absent, long min, long max) {
        ConfigNode child = child(key);
        if (child == null) {
            return absent;
        }
        if (child.value instanceof Number n
                && n.doubleValue() == n.longValue()
                && n.longValue() >= min
                && n.longValue() <= max) {
            return n.longValue();
        }
        child.error(child.shown() + " (expected: a whole number, " + min + ".." + max + ")");
        return absent;
    }

    /** A number of {@code min}…{@code max} at {@code key}, or {@code absent}. */
    public double number(String key, double absent, double min, double max) {
        ConfigNode child = child(key);
        if (child == null) {
            return absent;
        }
        if (child.value instanceof Number n && n.doubleValue() >= min && n.doubleValue() <= max) {
            return n.doubleValue();
        }
        child.error(child.shown() + " (expected: a number, " + min + ".." + max + ")");
        return absent;
    }

    /** A duration at {@code key}, or {@code absent}. */
    public Duration duration(String key, Duration absent) {
        ConfigNode child = child(key);
        return child == null ? absent : child.as(Units::duration, absent);
    }

    /** A size in bytes at {@code key}, or {@code absent}. */
    public long size(String key, long absent) {
        ConfigNode child = child(key);
        return child == null ? absent : child.as(Units::size, absent);
    }

    /** An address at {@code key}; absent is reported. */
    public Address address(String key) {
        ConfigNode child = child(key);
        Address placeholder = new Address("127.0.0.1", 0);
        if (child == null) {
            required(key);
            return placeholder;
        }
        return child.as(Address::parse, placeholder);
    }

    /** Reports every key of this map that nobody has asked for, with the nearest valid name. */
    public void rejectUnknown() {
        if (value != null && !isMap()) {
            error(shown() + " (expected: a map)");
            return;
        }
        map().forEach((key, node) -> {
            if (!known.contains(key)) {
                boolean keyed = node.keyLine > 0;
                String problem = "unknown key" + Names.suggest(key, known);
                errors.add(node.path, problem, keyed ? node.keyLine : node.line, keyed ? node.keyColumn : node.column);
            }
        });
    }

    /** As plain Java values, for showing it: the contrary of {@link #of}. */
    public @Nullable Object plain() {
        if (value instanceof Map) {
            Map<String, Object> plain = new LinkedHashMap<>();
            map().forEach((k, v) -> plain.put(k, v.plain()));
            return plain;
        }
        if (value instanceof List<?> list) {
            List<Object> plain = new ArrayList<>();
            list.forEach(e -> plain.add(((ConfigNode) e).plain()));
            return plain;
        }
        return value;
    }

    @SuppressWarnings("unchecked") // only make() builds the map
    private Map<String, ConfigNode> map() {
        return value instanceof Map ? (Map<String, ConfigNode>) value : Map.of();
    }

    private String shown() {
        if (value == null) {
            return "nothing";
        }
        if (value instanceof String s) {
            return "\"" + (s.length() > 60 ? s.substring(0, 60) + "…" : s) + "\"";
        }
        return value instanceof Map ? "a map" : value instanceof List ? "a list" : String.valueOf(value);
    }
}
