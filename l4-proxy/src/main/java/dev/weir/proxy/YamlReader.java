package dev.weir.proxy;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.ConfigNode.Positioned;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.ReaderException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlVersionException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * Turns YAML text into a tree of {@link ConfigNode}s that know their lines and columns. Whatever the text is, it
 * ends with a tree or with problems, never with an exception; depth, size and the work that aliases may cause are
 * limited. Only {@code true}, {@code false}, {@code null} and JSON's numbers are not texts.
 */
final class YamlReader {
    static final int MAX_NODES = 200_000;
    static final int MAX_DEPTH = 64;
    private static final String PLAIN = "(expected: plain YAML without tags)";

    /**
     * What the whole of a text is.
     *
     * @param text in words
     * @param list whether it may be a list, too
     */
    record Root(String text, boolean list) {
        private boolean is(Node node) {
            return node instanceof MappingNode || list && node instanceof SequenceNode;
        }
    }

    private static final Root CONFIGURATION = new Root("a map with listeners", false);

    private final ConfigErrors errors;
    private final Root expected;
    private int nodes;

    private YamlReader(Root expected, ConfigErrors errors) {
        this.expected = expected;
        this.errors = errors;
    }

    /** Reads a configuration; null if there is no tree that could be looked at any further. */
    static @Nullable ConfigNode read(String text, ConfigErrors errors) {
        return read(text, CONFIGURATION, errors);
    }

    /** The same of a text with another root. */
    static @Nullable ConfigNode read(String text, Root expected, ConfigErrors errors) {
        Positioned plain = new YamlReader(expected, errors).compose(text);
        return plain == null ? null : ConfigNode.of(plain, errors);
    }

    private @Nullable Positioned compose(String text) {
        try {
            LoadSettings settings = LoadSettings.builder()
                    .setUseMarks(true)
                    // Both are checked here, with their places.
                    .setAllowNonScalarKeys(true)
                    .setMaxAliasesForCollections(MAX_NODES)
                    .setCodePointLimit(text.length() + 1)
                    .build();
            Optional<Node> root = new Compose(settings).composeString(text);
            if (root.isEmpty() || isNull(root.get())) {
                errors.add("", "empty (expected: " + expected.text() + ")", 1, 1);
                return null;
            }
            if (!expected.is(root.get())) {
                String problem = expected.list() ? "neither a map nor a list" : "not a map";
                add(root.get(), "", problem + " (expected: " + expected.text() + ")");
                return null;
            }
            return convert(root.get(), "", 0);
        } catch (MarkedYamlEngineException e) {
            Mark mark = e.getProblemMark().or(e::getContextMark).orElse(null);
            errors.add("", syntax(e), line(mark), column(mark));
        } catch (ReaderException e) {
            addUnprintable(text, e);
        } catch (YamlVersionException e) {
            String version =
                    e.getSpecVersion().getMajor() + "." + e.getSpecVersion().getMinor();
            errors.add("", "YAML " + version + " (expected: YAML 1.2)", 1, 1);
        } catch (TooLarge e) {
            errors.add(e.path, String.valueOf(e.getMessage()), e.line, e.column);
        } catch (YamlEngineException e) {
            errors.add("", oneLine(String.valueOf(e.getMessage())), 1, 1);
        } catch (StackOverflowError e) {
            errors.add("", "nested too deeply (expected: at most " + MAX_DEPTH + " levels)", 1, 1);
        }
        return null;
    }

    private static String syntax(MarkedYamlEngineException e) {
        String problem = oneLine(String.valueOf(e.getProblem()));
        String context = e.getContext();
        return context == null || context.isBlank() ? problem : oneLine(context) + ": " + problem;
    }

    /** The engine tells the place of a character that may not be in YAML as an index only. */
    private void addUnprintable(String text, ReaderException e) {
        int end = text.offsetByCodePoints(0, Math.min(e.getPosition(), text.codePointCount(0, text.length())));
        int line =
                1 + (int) text.substring(0, end).chars().filter(c -> c == '\n').count();
        int column = end - text.lastIndexOf('\n', Math.max(0, end - 1));
        String problem =
                String.format(Locale.ROOT, "character U+%04X (expected: printable characters)", e.getCodePoint());
        errors.add("", problem, line, Math.max(1, column));
    }

    private Positioned convert(Node node, String path, int depth) {
        Mark mark = node.getStartMark().orElse(null);
        return new Positioned(value(node, path, depth), line(mark), column(mark));
    }

    private @Nullable Object value(Node node, String path, int depth) {
        if (++nodes > MAX_NODES || depth > MAX_DEPTH) {
            // An alias that refers to a node around it goes on for ever, nested aliases grow exponentially.
            String limit = depth > MAX_DEPTH ? MAX_DEPTH + " levels" : MAX_NODES + " values, aliases written out";
            throw new TooLarge("too deep or too large (expected: at most " + limit + ")", path, node);
        }
        if (node instanceof MappingNode map) {
            checkTag(node, path, Tag.MAP);
            return map(map, path, depth);
        }
        if (node instanceof SequenceNode sequence) {
            checkTag(node, path, Tag.SEQ);
            List<Object> list = new ArrayList<>(sequence.getValue().size());
            for (Node element : sequence.getValue()) {
                list.add(convert(element, path + "[" + list.size() + "]", depth + 1));
            }
            return list;
        }
        return node instanceof ScalarNode scalar ? scalar(scalar, path) : null;
    }

    private Map<String, Object> map(MappingNode node, String path, int depth) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (NodeTuple tuple : node.getValue()) {
            if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
                add(tuple.getKeyNode(), path, "a key that is a map or a list (expected: a name)");
                continue;
            }
            String name = key.getValue();
            String at = path.isEmpty() ? name : path + "." + name;
            if (map.containsKey(name)) {
                add(key, at, "given twice (expected: each key once)");
                continue;
            }
            Positioned value = convert(tuple.getValueNode(), at, depth + 1);
            // A block below its key is found sooner by the place of the key.
            boolean block = !(tuple.getValueNode() instanceof ScalarNode) || value.value() == null;
            Mark mark = key.getStartMark().orElse(null);
            map.put(
                    name,
                    new Positioned(
                            value.value(),
                            block ? line(mark) : value.line(),
                            block ? column(mark) : value.column(),
                            line(mark),
                            column(mark)));
        }
        return map;
    }

    private @Nullable Object scalar(ScalarNode node, String path) {
        Tag tag = node.getTag();
        String text = node.getValue();
        if (tag.equals(Tag.NULL)) {
            return null;
        }
        if (tag.equals(Tag.BOOL)) {
            return Boolean.valueOf(text);
        }
        if (tag.equals(Tag.INT) || tag.equals(Tag.FLOAT)) {
            try {
                return new WrittenNumber(text);
            } catch (NumberFormatException e) {
                return text;
            }
        }
        checkTag(node, path, Tag.STR);
        return text;
    }

    private void checkTag(Node node, String path, Tag expected) {
        if (!node.getTag().equals(expected)) {
            add(node, path, "tag " + node.getTag().getValue() + " " + PLAIN);
        }
    }

    private void add(Node node, String path, String problem) {
        Mark mark = node.getStartMark().orElse(null);
        errors.add(path, problem, line(mark), column(mark));
    }

    private static boolean isNull(Node node) {
        return node.getTag().equals(Tag.NULL);
    }

    private static int line(@Nullable Mark mark) {
        return mark == null ? 1 : mark.getLine() + 1;
    }

    private static int column(@Nullable Mark mark) {
        return mark == null ? 1 : mark.getColumn() + 1;
    }

    private static String oneLine(String text) {
        return text.replaceAll("\\s+", " ").trim();
    }

    /** Ends the walk over the tree. */
    private static final class TooLarge extends YamlEngineException {
        private static final long serialVersionUID = 1L;
        private static final int MAX_PATH = 80;

        private final String path;
        private final int line;
        private final int column;

        TooLarge(String problem, String path, Node node) {
            super(problem);
            Mark mark = node.getStartMark().orElse(null);
            this.path = path.length() > MAX_PATH ? path.substring(0, MAX_PATH) + "…" : path;
            this.line = YamlReader.line(mark);
            this.column = YamlReader.column(mark);
        }
    }

    /** A number that is shown as it was written: {@code 1.10} stays {@code 1.10} where a text is wanted. */
    static final class WrittenNumber extends Number {
        private static final long serialVersionUID = 1L;

        private final String text;
        private final double value;

        WrittenNumber(String text) {
            this.text = text;
            this.value = Double.parseDouble(text);
        }

        @Override
        public int intValue() {
            return (int) longValue();
        }

        @Override
        public long longValue() {
            try {
                return Long.parseLong(text);
            } catch (NumberFormatException e) {
                return (long) value;
            }
        }

        @Override
        public float floatValue() {
            return (float) value;
        }

        @Override
        public double doubleValue() {
            return value;
        }

        @Override
        public String toString() {
            return text;
        }
    }
}
