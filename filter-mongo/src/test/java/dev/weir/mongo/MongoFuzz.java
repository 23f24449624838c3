package dev.weir.mongo;

import dev.weir.core.filter.Direction;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.SnifferTester;
import dev.weir.core.testkit.WireScript;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * What Jazzer runs: any bytes, cut and sent in either direction by any plan, all at once or byte by byte. Nothing but a
 * {@code SniffException} may come out, it may not matter how the bytes were cut (but for what is compressed and damaged), and all that was borrowed must be given back.
 */
public final class MongoFuzz {
    private static final int TO_CLIENT = 0x8000;
    private static final String COMPRESSION = "gave_up:compression";

    private static final FakeEnvironment ENVIRONMENT = new FakeEnvironment();
    private static final Map<String, ?> SETTINGS =
            Map.of("statements", true, "error_messages", true, "max_pending", 16, "max_cursors", 8);

    private MongoFuzz() {}

    /** One run: bursts, each behind two bytes: the direction in the highest bit, and the length. */
    public static void fuzzerTestOneInput(byte[] data) {
        SnifferTester whole = run(data, Integer.MAX_VALUE);
        SnifferTester pieces = run(data, 1);
        if (whole.outcome().equals(COMPRESSION) || pieces.outcome().equals(COMPRESSION)) {
            return; // no more is inflated than is wanted, so damage behind that may be met or not
        }
        check(
                whole.outcome().equals(pieces.outcome()),
                whole.outcome() + " at once, " + pieces.outcome() + " in bytes");
        List<String> lines = whole.recorded().lines();
        check(
                lines.equals(pieces.recorded().lines()),
                lines + " at once, " + pieces.recorded().lines() + " in bytes");
    }

    private static SnifferTester run(byte[] data, int most) {
        // Cursors and transactions are known to all of a listener: each run has its own.
        PerLoop.PerConnection<Sniffer> sniffers = ENVIRONMENT.sniffers(new MongoProtocol(), SETTINGS);
        SnifferTester tester = new SnifferTester(sniffers);
        int at = 0;
        long nanos = 1_000_000;
        while (at + 2 <= data.length) {
            int head = (data[at] & 0xff) << 8 | data[at + 1] & 0xff;
            int end = Math.min(data.length, at + 2 + (head & 0x7fff));
            Direction direction = (head & TO_CLIENT) != 0 ? Direction.TO_CLIENT : Direction.TO_UPSTREAM;
            nanos += 1_000;
            for (int from = at + 2; from < end; from += Math.min(most, end - from)) {
                byte[] piece = Arrays.copyOfRange(data, from, from + Math.min(most, end - from));
                tester.feed(direction, piece, nanos);
            }
            tester.idle();
            at = end;
        }
        tester.close(nanos + 1_000);
        check(tester.recorded().taken() == 0, "exchanges not given back");
        check(ENVIRONMENT.inflaters().taken() == 0, "inflaters not given back");
        return tester;
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalStateException(otherwise);
        }
    }

    /** Writes the conversations as inputs to begin with. */
    static void seeds(Path folder, List<WireScript> conversations) throws IOException {
        for (WireScript conversation : conversations) {
            ByteArrayOutputStream input = new ByteArrayOutputStream();
            for (WireScript.Burst burst : conversation.bursts()) {
                for (int at = 0; at < burst.bytes().length; at += 0x7fff) {
                    int n = Math.min(0x7fff, burst.bytes().length - at);
                    input.write((burst.direction() == Direction.TO_CLIENT ? 0x80 : 0) | n >> 8);
                    input.write(n);
                    input.write(burst.bytes(), at, n);
                }
            }
            Files.write(folder.resolve(conversation.name()), input.toByteArray());
        }
    }
}
