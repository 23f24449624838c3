package dev.weir.core.exchange;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Keys as text. */
final class KeyText {
    private KeyText() {}

    /** UTF-8 without control characters as it is; of anything else, what is not printable ASCII is {@code \xHH}. */
    static String of(byte[] key) {
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(key))
                    .toString();
            if (text.codePoints().noneMatch(KeyText::special)) {
                return text;
            }
        } catch (CharacterCodingException binary) {
            // Not UTF-8: a key may be any bytes.
        }
        StringBuilder text = new StringBuilder(key.length * 2);
        for (byte b : key) {
            int c = b & 0xff;
            if (c < ' ' || c > '~' || c == '\\') {
                text.append("\\x").append(Character.forDigit(c >> 4, 16)).append(Character.forDigit(c & 15, 16));
            } else {
                text.append((char) c);
            }
        }
        return text.toString();
    }

    private static boolean special(int c) {
        return Character.isISOControl(c) || Character.getType(c) == Character.FORMAT || c == '\\';
    }
}
