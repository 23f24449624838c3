package dev.weir.mongo;

import dev.weir.core.filter.Direction;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.sql.DigestTable;
import dev.weir.core.testkit.FakeEnvironment;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Map;
import org.bson.BsonDocument;

/** Sniffers of one loop that are told things, and the heap that this takes. Digests are few: they have a limit of their own. */
final class MemoryTalk {
    private static final long DIGESTS = 1 << 20;

    final FakeEnvironment environment = new FakeEnvironment();
    final CountedExchanges exchanges = new CountedExchanges(new DigestTable(DIGESTS));

    PerLoop.PerConnection<Sniffer> sniffers(Map<String, ?> config) {
        return environment.sniffers(new MongoProtocol(), config);
    }

    Sniffer open(PerLoop.PerConnection<Sniffer> sniffers) {
        Sniffer sniffer = sniffers.create(exchanges.connection());
        sniffer.onOpen(exchanges);
        return sniffer;
    }

    static void say(Sniffer sniffer, Direction direction, byte[] bytes) {
        ByteBuf data = Unpooled.wrappedBuffer(bytes);
        sniffer.onBytes(direction, data, 1);
        data.release();
    }

    static void talk(Sniffer sniffer, int id, String request, String answer) {
        say(sniffer, Direction.TO_UPSTREAM, message(id, 0, request));
        say(sniffer, Direction.TO_CLIENT, message(id + 1, id, answer));
    }

    static byte[] message(int id, int responseTo, String json) {
        return RelayMessage.of(id, responseTo, 0, BsonDocument.parse(json)).bytes();
    }

    /** Bytes of the heap in use, as good as that can be known. */
    static long used() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 5; i++) {
            System.gc();
            Runtime runtime = Runtime.getRuntime();
            least = Math.min(least, runtime.totalMemory() - runtime.freeMemory());
        }
        return least;
    }
}
