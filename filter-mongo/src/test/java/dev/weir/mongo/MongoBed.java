package dev.weir.mongo;

import java.io.IOException;
import java.util.List;
import org.bson.BsonDocument;
import org.jspecify.annotations.Nullable;

/** A server with what makes it compress and number its streams as mongod does, and drivers that run sessions on it. */
public final class MongoBed implements AutoCloseable {
    private final @Nullable MongoInstallation installation;
    private final AutoCloseable server;
    private final MessageRelay ids;
    private final CompressionBridge bridge;

    /** Starts a server, of this process where none was installed. */
    public MongoBed(@Nullable MongoInstallation installation) throws IOException, InterruptedException {
        this.installation = installation;
        int port;
        if (installation == null) {
            JavaServer inProcess = new JavaServer();
            server = inProcess;
            port = inProcess.port();
        } else {
            SecantusServer secantus = SecantusServer.start(installation);
            server = secantus;
            port = secantus.port();
        }
        ids = new MessageRelay(port, localPort -> new StreamIds());
        bridge = CompressionBridge.start(ids.port(), BridgeCompressor.ZLIB);
    }

    /** Where a proxy connects to. */
    public int port() {
        return bridge.port();
    }

    /** Runs all sessions of all drivers through a proxy, without compression and with it. */
    public void talk(int proxyPort) throws Exception {
        for (MongoDriver driver : installation == null ? List.of(MongoDriver.JAVA) : List.of(MongoDriver.values())) {
            for (BridgeCompressor compressor : new @Nullable BridgeCompressor[] {null, BridgeCompressor.ZLIB}) {
                MongoSetup setup = new MongoSetup(driver, installation, compressor, null);
                try (WireClient client = new WireClient(port())) {
                    client.ask(BsonDocument.parse("{dropDatabase: 1, $db: 'shop'}"));
                }
                driver.run(setup.uri(proxyPort), setup.sessions());
            }
        }
    }

    @Override
    public void close() throws Exception {
        bridge.close();
        ids.close();
        server.close();
    }
}
