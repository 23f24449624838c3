package dev.weir.proxy.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Damaged captures: whatever the bytes, a replay ends, and no sniffer or reader fails in a way it should not. */
@Timeout(120)
@Tag("slow")
class ReplayCorruptionTest {
    private static final int ROUNDS = 1_000;

    @TempDir
    Path folder;

    @Test
    void survivesDamagedFiles() throws Exception {
        List<byte[]> files = new ArrayList<>();
        for (int linkType : new int[] {1, 276, 101}) {
            Talk talk = new Talk();
            talk.linkType = linkType;
            talk.open().ask(12).end();
            Talk other = new Talk();
            other.linkType = linkType;
            other.v6 = true;
            other.open().ask(5);
            talk.packets.addAll(8, other.packets);
            files.add(CaptureWriter.pcap(talk.packets, ByteOrder.BIG_ENDIAN, 0xa1b2c3d4, 65_535, linkType));
            files.add(CaptureWriter.pcapng(talk.packets, ByteOrder.LITTLE_ENDIAN, linkType));
        }
        int refused = 0;
        long exchanges = 0;
        for (int seed = 0; seed < ROUNDS; seed++) {
            Random random = new Random(seed);
            byte[] bytes = damaged(files.get(seed % files.size()), random);
            Path file = Files.write(folder.resolve("capture"), bytes);
            try {
                Played played = Played.redis(file);
                assertThat(played.counts.failures).as("seed %d", seed).isZero();
                assertThat(played.mostWaiting).isLessThanOrEqualTo(Flow.MAX_WAITING + CapturedPacket.MAX_BYTES);
                exchanges += played.lines.size();
            } catch (CaptureException e) {
                refused++;
            }
        }
        assertThat(refused).isBetween(1, ROUNDS / 4);
        assertThat(exchanges).isGreaterThan(ROUNDS);
    }

    private static byte[] damaged(byte[] whole, Random random) {
        byte[] bytes = whole.clone();
        switch (random.nextInt(8)) {
            case 0 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
            case 1 -> {
                int at = random.nextInt(bytes.length);
                ByteArrayOutputStream longer = new ByteArrayOutputStream();
                longer.write(bytes, 0, at);
                byte[] more = new byte[1 + random.nextInt(50)];
                random.nextBytes(more);
                longer.writeBytes(more);
                longer.write(bytes, at, bytes.length - at);
                bytes = longer.toByteArray();
            }
            case 2 -> {
                int from = random.nextInt(bytes.length);
                Arrays.fill(bytes, from, Math.min(bytes.length, from + 16), (byte) (random.nextBoolean() ? 0 : 0xff));
            }
            default -> {
                // One byte, or many: mostly the numbers in headers.
                int count = 1 + random.nextInt(1 + random.nextInt(40));
                for (int i = 0; i < count; i++) {
                    bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
                }
            }
        }
        return bytes;
    }
}
