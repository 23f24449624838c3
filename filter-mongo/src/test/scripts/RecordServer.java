import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;

/** mongo-java-server for record-wire.py: says its port. */
public final class RecordServer {
    private RecordServer() {}

    /** Starts it. */
    public static void main(String[] args) {
        System.out.println(new MongoServer(new MemoryBackend()).bind().getPort());
    }
}
