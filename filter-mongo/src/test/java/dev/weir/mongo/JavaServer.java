package dev.weir.mongo;

import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;

/** mongo-java-server for a test, on a free port of 127.0.0.1, with nothing in it: a standalone of this process. */
public final class JavaServer implements AutoCloseable {
    private final MongoServer server = new MongoServer(new MemoryBackend());
    private final int port;

    /** Starts one. */
    public JavaServer() {
        port = server.bind().getPort();
    }

    /** Starts one on a port where another has been. */
    JavaServer(int port) {
        this.port = port;
        server.bind("127.0.0.1", port);
    }

    /** The port it listens on. */
    public int port() {
        return port;
    }

    /** What drivers connect to. */
    public String uri() {
        return "mongodb://127.0.0.1:" + port + "/?directConnection=true";
    }

    @Override
    public void close() {
        server.shutdownNow();
    }

    @Override
    public String toString() {
        return "mongo-java-server:" + port;
    }
}
