package dev.weir.mongo;

import com.mongodb.MongoCommandException;
import com.mongodb.event.CommandFailedEvent;
import com.mongodb.event.CommandListener;
import com.mongodb.event.CommandStartedEvent;
import com.mongodb.event.CommandSucceededEvent;
import com.mongodb.event.ServerHeartbeatSucceededEvent;
import com.mongodb.event.ServerMonitorListener;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.bson.BsonDocument;
import org.bson.BsonDocumentReader;
import org.bson.codecs.BsonDocumentCodec;
import org.bson.codecs.DecoderContext;
import org.jspecify.annotations.Nullable;

/** Collects what a Java driver tells of its commands and heartbeats. */
final class CommandEvents implements CommandListener, ServerMonitorListener {
    private static final int PATIENCE_SECONDS = 60;

    private record Started(String database, BsonDocument command) {}

    private final Map<Integer, Started> open = new LinkedHashMap<>();
    private final List<SeenCommand> ended = new ArrayList<>();
    private final List<Boolean> heartbeats = new ArrayList<>();
    private final CountDownLatch streamed = new CountDownLatch(3);

    /** All that have ended, in that order. */
    synchronized List<SeenCommand> ended() {
        if (!open.isEmpty()) {
            throw new IllegalStateException("commands that have not ended: " + open);
        }
        return List.copyOf(ended);
    }

    /** Those that were answered, one each: whether it had been awaited. */
    synchronized List<Boolean> heartbeats() {
        return List.copyOf(heartbeats);
    }

    /** Waits for a few heartbeats of a stream of them. */
    void awaitStream() throws InterruptedException {
        if (!streamed.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new IllegalStateException("no heartbeat comes");
        }
    }

    @Override
    public synchronized void commandStarted(CommandStartedEvent event) {
        open.put(event.getRequestId(), new Started(event.getDatabaseName(), copy(event.getCommand())));
    }

    @Override
    public void commandSucceeded(CommandSucceededEvent event) {
        end(event.getRequestId(), event.getCommandName(), copy(event.getResponse()), false);
    }

    @Override
    public void commandFailed(CommandFailedEvent event) {
        BsonDocument reply = event.getThrowable() instanceof MongoCommandException e ? copy(e.getResponse()) : null;
        end(event.getRequestId(), event.getCommandName(), reply, true);
    }

    private synchronized void end(int requestId, String name, @Nullable BsonDocument reply, boolean failed) {
        Started started = open.remove(requestId);
        if (started == null) {
            throw new IllegalStateException("request " + requestId + " has not started");
        }
        ended.add(new SeenCommand(requestId, name, started.database(), started.command(), reply, failed));
    }

    /** The driver's documents are views of buffers that it uses again. */
    private static BsonDocument copy(BsonDocument lent) {
        return new BsonDocumentCodec()
                .decode(new BsonDocumentReader(lent), DecoderContext.builder().build());
    }

    @Override
    public synchronized void serverHeartbeatSucceeded(ServerHeartbeatSucceededEvent event) {
        heartbeats.add(event.isAwaited());
        if (event.isAwaited()) {
            streamed.countDown();
        }
    }
}
