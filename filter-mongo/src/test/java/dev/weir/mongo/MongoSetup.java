package dev.weir.mongo;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A driver, a server, and what is between them.
 *
 * @param compressor null for none
 * @param answers null if it is the same in both directions
 */
record MongoSetup(
        MongoDriver driver,
        @Nullable MongoInstallation server,
        @Nullable BridgeCompressor compressor,
        @Nullable BridgeCompressor answers) {
    static final String APP = "weir-it";

    /** What mongo-java-server has: no more than collections and their documents. */
    private static final List<String> BASIC =
            List.of("crud", "cursors", "catalog", "duplicates", "aggregates", "comments", "errors", "options");

    /** All there is here: both drivers on SecantusDB, the Java driver on mongo-java-server, with each compressor. */
    static List<MongoSetup> all() {
        List<MongoSetup> setups = new ArrayList<>();
        List<MongoInstallation> installed = MongoInstallation.available();
        for (BridgeCompressor compressor : new @Nullable BridgeCompressor[] {
            null, BridgeCompressor.SNAPPY, BridgeCompressor.ZLIB, BridgeCompressor.ZSTD
        }) {
            setups.add(new MongoSetup(MongoDriver.JAVA, null, compressor, null));
            for (MongoInstallation installation : installed) {
                for (MongoDriver driver : MongoDriver.values()) {
                    setups.add(new MongoSetup(driver, installation, compressor, null));
                }
            }
        }
        // The Java driver insists on what was agreed on.
        for (MongoInstallation installation : installed) {
            setups.add(new MongoSetup(MongoDriver.PYMONGO, installation, BridgeCompressor.ZLIB, BridgeCompressor.ZSTD));
        }
        return setups;
    }

    @Override
    public String toString() {
        return driver + " on " + (server == null ? "mongo-java-server" : server)
                + (compressor == null ? "" : ", " + compressor.label())
                + (answers == null ? "" : " and " + answers.label());
    }

    List<String> sessions() {
        if (server == null) {
            return BASIC;
        }
        List<String> sessions = new ArrayList<>(MongoSessions.all().keySet());
        if (driver == MongoDriver.PYMONGO) {
            sessions.add("exhaust");
        }
        sessions.add(MongoDriver.STREAMS);
        return sessions;
    }

    String uri(int port) {
        return "mongodb://127.0.0.1:" + port + "/?directConnection=true&heartbeatFrequencyMS=500&appName=" + APP
                + (compressor == null ? "" : "&compressors=" + compressor.label());
    }
}
