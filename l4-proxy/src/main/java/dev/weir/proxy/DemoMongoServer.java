package dev.weir.proxy;

import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import dev.weir.core.config.Address;
import java.io.IOException;
import java.net.InetSocketAddress;

/** The embedded mongo-java-server, a class of its own: it may be missing on the class path. */
final class DemoMongoServer {
    private static final int WORKERS = 2;

    private DemoMongoServer() {}

    /** Starts one in this process; it ends with {@code home}. */
    static Address start(DemoHome home) throws IOException {
        MongoServer server = new MongoServer(new MemoryBackend());
        try {
            server.bind(new InetSocketAddress("127.0.0.1", 0), 1, WORKERS);
        } catch (RuntimeException e) {
            throw new IOException("mongo-java-server: " + e.getMessage(), e);
        }
        try {
            home.onEnd(server::shutdownNow);
        } catch (IOException e) {
            server.shutdownNow();
            throw e;
        }
        return new Address("127.0.0.1", server.getLocalAddress().getPort());
    }
}
