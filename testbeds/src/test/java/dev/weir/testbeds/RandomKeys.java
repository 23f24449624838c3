package dev.weir.testbeds;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Keys of all kinds, to be hashed: text with and without tags, any bytes, long ones. */
final class RandomKeys {
    private static final int LONGEST = 10_000;

    private RandomKeys() {}

    /** The seed of a run: printed, and chosen by {@code -Dweir.seed}. */
    static long seed() {
        long seed = Long.getLong("weir.seed", System.nanoTime());
        System.out.println("-Dweir.seed=" + seed);
        return seed;
    }

    /** So many keys; some have {@code tag}, its two characters, in them, in order or not. */
    static List<byte[]> some(int count, String tag, Random random) {
        List<byte[]> keys = new ArrayList<>(count);
        keys.add(new byte[0]);
        for (int i = 1; i < count; i++) {
            keys.add(
                    switch (random.nextInt(10)) {
                        case 0, 1 -> text("key:" + i);
                        case 2 -> text("user:" + random.nextInt(1_000_000) + ":größe");
                        case 3, 4, 5 -> bytes(random.nextInt(40), random);
                        case 6 -> bytes(random.nextInt(500), random);
                        case 7 -> random.nextInt(20) == 0 ? bytes(random.nextInt(LONGEST), random) : text("k" + i);
                        default -> tagged(tag, i, random);
                    });
        }
        return keys;
    }

    private static byte[] tagged(String tag, int i, Random random) {
        String open = tag.substring(0, 1);
        String close = tag.substring(1);
        String inside = random.nextInt(4) == 0 ? "" : "t" + random.nextInt(100);
        return text(
                switch (random.nextInt(5)) {
                    case 0 -> close + i + open + inside;
                    case 1 -> open + i + open + inside + close;
                    case 2 -> open + inside;
                    default -> "a" + i + open + inside + close + "b" + close;
                });
    }

    private static byte[] text(String key) {
        return key.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] bytes(int length, Random random) {
        byte[] key = new byte[length];
        random.nextBytes(key);
        return key;
    }
}
