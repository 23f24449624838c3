package dev.weir.mongo;

import dev.weir.core.filter.Direction;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.SnifferContract;
import dev.weir.core.testkit.WireScript;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The conversations in {@code wire/}, of real servers and made from the specification, under the contract of all sniffers. */
final class MongoSnifferTest extends SnifferContract {
    private static final MongoProtocol PROTOCOL = new MongoProtocol();
    private static final List<WireScript> RECORDED = recorded();
    private static final int SNAPPY_WINDOW = (64 << 10) + 512;

    @Override
    protected PerLoop.PerConnection<Sniffer> sniffers() {
        return new FakeEnvironment().sniffers(PROTOCOL, Map.of());
    }

    /** 4 KiB, what each further command takes that is in flight, and the window that is lent for snappy. */
    @Override
    protected long bound(WireScript conversation) {
        ByteArrayOutputStream client = new ByteArrayOutputStream();
        ByteArrayOutputStream server = new ByteArrayOutputStream();
        int most = 1;
        boolean snappy = false;
        for (WireScript.Burst burst : conversation.bursts()) {
            boolean request = burst.direction() == Direction.TO_UPSTREAM;
            (request ? client : server).writeBytes(burst.bytes());
            List<ByteBuffer> requests = messages(client.toByteArray());
            List<ByteBuffer> answers = messages(server.toByteArray());
            most = Math.max(most, requests.size() - answers.size());
            snappy |= Stream.concat(requests.stream(), answers.stream()).anyMatch(MongoSnifferTest::isSnappy);
        }
        return 4096 + 1024L * (most - 1) + (snappy ? SNAPPY_WINDOW : 0);
    }

    /** Those that have begun. */
    private static List<ByteBuffer> messages(byte[] bytes) {
        List<ByteBuffer> messages = new ArrayList<>();
        ByteBuffer all = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int at = 0;
        while (at + Wire.HEADER <= bytes.length && all.getInt(at) >= Wire.HEADER) {
            int end = (int) Math.min(bytes.length, (long) at + all.getInt(at));
            messages.add(all.slice(at, end - at).order(ByteOrder.LITTLE_ENDIAN));
            at = end;
        }
        return messages;
    }

    private static boolean isSnappy(ByteBuffer message) {
        int compressor = Wire.HEADER + 8;
        return message.getInt(12) == Wire.OP_COMPRESSED
                && message.limit() > compressor
                && message.get(compressor) == Wire.SNAPPY;
    }

    @Override
    protected List<WireScript> conversations() {
        return RECORDED;
    }

    static List<WireScript> recorded() {
        URL folder = MongoSnifferTest.class.getResource("/wire");
        if (folder == null) {
            throw new IllegalStateException("no /wire on the class path");
        }
        try (Stream<Path> files = Files.list(Path.of(folder.toURI()))) {
            return files.map(file -> file.getFileName().toString().replace(".txt", ""))
                    .sorted()
                    .map(name -> WireScript.load(MongoSnifferTest.class, name))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
