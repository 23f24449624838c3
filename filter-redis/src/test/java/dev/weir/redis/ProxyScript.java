package dev.weir.redis;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Makes random commands of the forms in {@code proxy-script.txt}, whose answers depend on what was sent before only. Each form comes once before one
 * comes again. A word stands for something random: {@code K} a key, {@code T} one of those with the same tag, {@code @l} one of three with the tag
 * <em>l</em>, which are mostly of one type, {@code V} a value, {@code N} a small number, {@code S} a score, {@code F} a field, {@code C} a consumer,
 * {@code I} a new identifier in a stream, {@code J} one of before, {@code P} the client's version of the protocol, {@code LIB} a library of functions,
 * {@code sha1:} the digest of what follows, as it is written. {@code \s} is a blank, {@code \e} nothing.
 */
final class ProxyScript {
    private static final String LIBRARY = """
            #!lua name=weir
            redis.register_function('f', function(keys, args) return {#keys, args[1]} end)
            redis.register_function{function_name='r', callback=function(k, a) return a end, flags={'no-writes'}}
            redis.register_function('w', function(k, a) return redis.call('SET', k[1], a[1]) end)
            """;

    /**
     * A command.
     *
     * @param words the command
     * @param answered whether an answer comes
     */
    record Step(List<String> words, boolean answered) {
        @Override
        public String toString() {
            String text = String.join(" ", words);
            return text.length() < 300 ? text : text.substring(0, 300) + "…";
        }
    }

    /**
     * Commands that are sent one after the other.
     *
     * @param marks where they are not
     * @param commands each with its words
     */
    record Form(Set<String> marks, List<String> commands) {
        /** Whether any of its commands fits, which is given without what is random. */
        boolean any(Predicate<String> command) {
            return commands.stream().anyMatch(command);
        }
    }

    private final Random random;
    private final List<Form> forms;
    private final Deque<Form> deck = new ArrayDeque<>();
    private final int protocol;
    private int entry;

    /**
     * @param used which forms are
     * @param protocol the version that the client speaks
     */
    ProxyScript(Random random, Predicate<Form> used, int protocol) throws IOException {
        this.random = random;
        this.forms = load().stream().filter(used).toList();
        this.protocol = protocol;
    }

    private static List<Form> load() throws IOException {
        List<Form> forms = new ArrayList<>();
        try (InputStream in = Objects.requireNonNull(ProxyScript.class.getResourceAsStream("proxy-script.txt"));
                BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (!line.isEmpty() && !line.startsWith("# ")) {
                    Set<String> marks = new HashSet<>();
                    String rest = line;
                    while (rest.matches("(7\\+|-valkey|-names|-cluster) .*")) {
                        int space = rest.indexOf(' ');
                        marks.add(rest.substring(0, space));
                        rest = rest.substring(space + 1);
                    }
                    forms.add(new Form(marks, List.of(rest.split(";"))));
                }
            }
        }
        return forms;
    }

    /** The next ones, which belong together. */
    List<Step> next() {
        if (deck.isEmpty()) {
            List<Form> shuffled = new ArrayList<>(forms);
            Collections.shuffle(shuffled, random);
            deck.addAll(shuffled);
        }
        return deck.remove().commands().stream()
                .map(command -> {
                    boolean silent = command.startsWith("!");
                    String[] words = (silent ? command.substring(1) : command).split(" ", -1);
                    return new Step(Arrays.stream(words).map(this::word).toList(), !silent);
                })
                .toList();
    }

    private String word(String word) {
        if (word.length() > 1 && (word.charAt(0) == '(' || word.charAt(0) == '#')) {
            return word.charAt(0) + word(word.substring(1));
        }
        if (word.startsWith("sha1:")) {
            return sha1(plain(word.substring(5)));
        }
        return switch (word) {
            case "K" -> "k" + random.nextInt(40);
            case "T" -> "{t}" + random.nextInt(6);
            case "V" -> value();
            case "N" -> String.valueOf(random.nextInt(7));
            case "-N" -> String.valueOf(-random.nextInt(7));
            case "S" -> String.valueOf(random.nextInt(100) / 4.0);
            case "F" -> "f" + random.nextInt(4);
            case "C" -> "c" + random.nextInt(3);
            case "I" -> ++entry + "-1";
            case "J" -> random.nextInt(entry + 1) + "-1";
            case "P" -> String.valueOf(protocol);
            case "LIB" -> LIBRARY;
            default -> word.startsWith("@") ? "{" + word.charAt(1) + "}" + random.nextInt(3) : plain(word);
        };
    }

    private static String plain(String word) {
        if (word.indexOf('\\') < 0) {
            return word;
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < word.length(); i++) {
            char c = word.charAt(i);
            if (c != '\\') {
                text.append(c);
                continue;
            }
            switch (word.charAt(++i)) {
                case 's' -> text.append(' ');
                case 'n' -> text.append('\n');
                case 'e' -> {}
                case 'x' -> {
                    text.append((char) Integer.parseInt(word.substring(i + 1, i + 3), 16));
                    i += 2;
                }
                default -> text.append(word.charAt(i));
            }
        }
        return text.toString();
    }

    private static String sha1(String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-1").digest(text.getBytes(StandardCharsets.ISO_8859_1)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private String value() {
        int kind = random.nextInt(40);
        if (kind == 0) {
            return "";
        }
        if (kind == 1) {
            // SORT compares up to the first \0 only.
            return random.nextInt() + "\r\n\0\u00ff$-1\r\n".repeat(1 + random.nextInt(60));
        }
        return kind == 2 ? "x".repeat(random.nextInt(20_000)) : "v" + random.nextInt(12);
    }
}
