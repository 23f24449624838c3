package dev.weir.proxy;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.Units;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;

/** Reads whole text files of limited size; whatever is wrong with one becomes a problem, never an exception. */
final class TextFile {
    static final int MAX_BYTES = 1 << 20;

    private TextFile() {}

    /** The text of a file without its byte-order mark; what there is of it if {@code errors} has problems. */
    static String read(String name, ConfigErrors errors) {
        try {
            Path path = Path.of(name);
            if (Files.isDirectory(path)) {
                errors.add("", "is a directory (expected: a YAML file)", 0, 0);
                return "";
            }
            byte[] bytes;
            try (InputStream in = Files.newInputStream(path)) {
                bytes = in.readNBytes(MAX_BYTES + 1);
            }
            if (bytes.length > MAX_BYTES) {
                errors.add("", "too large (expected: at most " + Units.format((long) MAX_BYTES) + ")", 0, 0);
                return "";
            }
            return decode(bytes, errors);
        } catch (NoSuchFileException e) {
            errors.add("", "no such file", 0, 0);
        } catch (AccessDeniedException e) {
            errors.add("", "may not be read: permission denied", 0, 0);
        } catch (IOException | InvalidPathException e) {
            errors.add("", "cannot be read: " + e.getMessage(), 0, 0);
        }
        return "";
    }

    private static String decode(byte[] bytes, ConfigErrors errors) {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharBuffer out = CharBuffer.allocate(bytes.length + 1);
        CoderResult result = decoder.decode(in, out, true);
        String text = out.flip().toString();
        if (result.isError()) {
            int line = 1 + (int) text.chars().filter(c -> c == '\n').count();
            int column = text.length() - text.lastIndexOf('\n');
            String problem = String.format(
                    Locale.ROOT, "byte 0x%02X is not UTF-8 (expected: text in UTF-8)", in.get(in.position()));
            errors.add("", problem, line, column);
        }
        return text.startsWith("\uFEFF") ? text.substring(1) : text;
    }
}
