package dev.weir.testbeds;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/** Random streams of Redis requests and answers, with some bytes that are neither. */
final class RespTraffic {
    private static final String[] COMMANDS = {
        "GET",
        "SET",
        "MGET",
        "del",
        "HSET",
        "XREAD",
        "EVAL",
        "MULTI",
        "EXEC",
        "DISCARD",
        "SELECT",
        "AUTH",
        "SUBSCRIBE",
        "UNSUBSCRIBE",
        "HELLO",
        "CLIENT",
        "BLPOP",
        "WAIT",
        "MONITOR",
        "PSYNC",
        "RESET",
        "QUIT",
        "NOSUCHCOMMAND",
        ""
    };
    private static final String[] WORDS = {"k", "v", "REPLY", "OFF", "SKIP", "2", "3", "-1", "COUNT", "x y\r\nz", "0"};

    private final Random random;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private RespTraffic(Random random) {
        this.random = random;
    }

    /** About {@code size} bytes of requests; now and then garbage somewhere in them. */
    static byte[] requests(Random random, int size) {
        RespTraffic traffic = new RespTraffic(random);
        while (traffic.out.size() < size) {
            traffic.request();
            traffic.maybeGarbage(size);
        }
        return traffic.out.toByteArray();
    }

    /** About {@code size} bytes of answers; now and then garbage somewhere in them. */
    static byte[] answers(Random random, int size) {
        RespTraffic traffic = new RespTraffic(random);
        while (traffic.out.size() < size) {
            traffic.answer(0);
            traffic.maybeGarbage(size);
        }
        return traffic.out.toByteArray();
    }

    private void request() {
        if (random.nextInt(20) == 0) {
            text("PING inline\r\n");
            return;
        }
        int words = random.nextInt(5);
        text("*" + (words + 1) + "\r\n");
        bulk(COMMANDS[random.nextInt(COMMANDS.length)].getBytes(StandardCharsets.UTF_8));
        for (int i = 0; i < words; i++) {
            bulk(random.nextInt(3) > 0 ? word() : bytes());
        }
    }

    private byte[] word() {
        return WORDS[random.nextInt(WORDS.length)].getBytes(StandardCharsets.UTF_8);
    }

    private byte[] bytes() {
        byte[] data = new byte[random.nextInt(random.nextInt(50) == 0 ? 60_000 : 200)];
        random.nextBytes(data);
        return data;
    }

    private void bulk(byte[] data) {
        text("$" + data.length + "\r\n");
        out.writeBytes(data);
        text("\r\n");
    }

    private void answer(int depth) {
        switch (random.nextInt(depth < 4 ? 16 : 12)) {
            case 0 -> text("+OK\r\n");
            case 1 -> text("-WRONGTYPE Operation against a key\r\n");
            case 2 -> text(":" + random.nextInt() + "\r\n");
            case 3 -> text("$-1\r\n");
            case 4 -> text("_\r\n");
            case 5 -> text("#t\r\n");
            case 6 -> text(",3.25\r\n");
            case 7 -> text("(3492890328409238509324850943850943825024385\r\n");
            case 8 -> text("=7\r\ntxt:abc\r\n");
            case 9 -> text("$?\r\n;4\r\nword\r\n;0\r\n");
            case 10 -> text("*-1\r\n");
            case 11 -> bulk(bytes());
            case 12 -> aggregate('*', 1, depth);
            case 13 -> aggregate('%', 2, depth);
            case 14 -> aggregate('~', 1, depth);
            default -> aggregate('>', 1, depth);
        }
    }

    private void aggregate(char type, int each, int depth) {
        int elements = random.nextInt(4);
        text("" + type + elements + "\r\n");
        for (int i = 0; i < elements * each; i++) {
            answer(depth + 1);
        }
    }

    private void maybeGarbage(int size) {
        if (random.nextInt(1 + size / 20) == 0) {
            byte[] garbage = new byte[1 + random.nextInt(100)];
            random.nextBytes(garbage);
            out.writeBytes(garbage);
        }
    }

    private void text(String text) {
        out.writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
    }
}
