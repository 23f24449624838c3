package dev.weir.redis;

import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.SnifferContract;
import dev.weir.core.testkit.WireScript;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The recorded conversations in {@code wire/}, under the contract of all sniffers. */
final class RedisSnifferTest extends SnifferContract {
    private static final RedisProtocol PROTOCOL = new RedisProtocol();

    @Override
    protected PerLoop.PerConnection<Sniffer> sniffers() {
        return new FakeEnvironment().sniffers(PROTOCOL, Map.of("keys", true));
    }

    /** 4 KiB and, for what is pipelined, a ring entry and a short key per command. */
    @Override
    protected long bound(WireScript conversation) {
        long commands = conversation.expected().size();
        return commands <= 8 ? 4096 : 4096 + 256 * commands;
    }

    @Override
    protected List<WireScript> conversations() {
        return scripts();
    }

    static List<WireScript> scripts() {
        URL folder = RedisSnifferTest.class.getResource("/wire");
        try (Stream<Path> files = Files.list(Path.of(folder.toURI()))) {
            return files.map(file -> file.getFileName().toString().replace(".txt", ""))
                    .sorted()
                    .map(name -> WireScript.load(RedisSnifferTest.class, name))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
