package dev.weir.mongo;

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

/** The conversations in {@code wire/}, of real servers and made from the specification, under the contract of all sniffers. */
final class MongoSnifferTest extends SnifferContract {
    private static final MongoProtocol PROTOCOL = new MongoProtocol();
    private static final List<WireScript> RECORDED = recorded();

    @Override
    protected PerLoop.PerConnection<Sniffer> sniffers() {
        return new FakeEnvironment().sniffers(PROTOCOL, Map.of());
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
