package dev.weir.mysql;

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
 * What Jazzer runs: any bytes, cut and sent in either direction by any plan, behind a login with any capabilities. Nothing
 * but a {@code SniffException} may come out, and all that was borrowed must be given back.
 */
public final class MysqlFuzz {
    /** Bits of the first byte. */
    private static final long[] CAPABILITIES = {
        Capability.DEPRECATE_EOF,
        Capability.COMPRESS,
        Capability.ZSTD,
        Capability.QUERY_ATTRIBUTES,
        Capability.OPTIONAL_METADATA,
        1L << 32 | 1L << 36
    };

    static final int RAW = 0x40;
    private static final int MARIADB = 0x80;
    static final int TO_CLIENT = 0x8000;

    private static final FakeEnvironment ENVIRONMENT = new FakeEnvironment();
    private static final PerLoop.PerConnection<Sniffer> SNIFFERS =
            ENVIRONMENT.sniffers(new MysqlProtocol(), Map.of("statements", true, "error_messages", true));

    private MysqlFuzz() {}

    /**
     * One run. The first byte chooses capabilities; then follow bursts, each behind two bytes: the direction in the highest
     * bit, and the length.
     */
    public static void fuzzerTestOneInput(byte[] data) {
        if (data.length == 0) {
            return;
        }
        SnifferTester tester = new SnifferTester(SNIFFERS);
        if ((data[0] & RAW) == 0) {
            login(data[0]).forEach(burst -> tester.feed(burst.direction(), burst.bytes(), burst.nanos()));
            check(tester.running(), "the login was not understood: " + tester.outcome());
        }
        int at = 1;
        long nanos = 1_000_000;
        while (at + 2 <= data.length) {
            int head = (data[at] & 0xff) << 8 | data[at + 1] & 0xff;
            int end = Math.min(data.length, at + 2 + (head & 0x7fff));
            Direction direction = (head & TO_CLIENT) != 0 ? Direction.TO_CLIENT : Direction.TO_UPSTREAM;
            tester.feed(direction, Arrays.copyOfRange(data, at + 2, end), nanos += 1_000);
            tester.idle();
            at = end;
        }
        tester.close(nanos + 1_000);
        check(tester.recorded().taken() == 0, "exchanges not given back");
        check(ENVIRONMENT.inflaters().taken() == 0, "inflaters not given back");
    }

    /** A login with the capabilities that the bits of {@code bits} choose. */
    static List<WireScript.Burst> login(int bits) {
        long can = Talk.CAN;
        for (int i = 0; i < CAPABILITIES.length; i++) {
            if ((bits >> i & 1) != 0) {
                can |= CAPABILITIES[i];
            }
        }
        if ((bits & MARIADB) != 0) {
            can &= ~Capability.MYSQL;
        }
        return new Talk()
                .login(can, (bits & MARIADB) != 0 ? "11.4.5-MariaDB" : "9.7.4")
                .script("login")
                .bursts();
    }

    static void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalStateException(otherwise);
        }
    }

    /** Writes the conversations as inputs to begin with, behind the bytes that choose. */
    static void seeds(Path folder, List<WireScript> conversations, int... choice) throws IOException {
        for (WireScript conversation : conversations) {
            ByteArrayOutputStream input = new ByteArrayOutputStream();
            for (int one : choice) {
                input.write(one);
            }
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
