package dev.weir.mongo;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.bson.BsonArray;
import org.bson.BsonBoolean;
import org.bson.BsonDateTime;
import org.bson.BsonDocument;
import org.bson.BsonDouble;
import org.bson.BsonInt32;
import org.bson.BsonInt64;
import org.bson.BsonObjectId;
import org.bson.BsonString;
import org.bson.types.ObjectId;

/**
 * One member of a replica set that is played: it greets as a member under a name that nobody can resolve, takes writes where it
 * is the primary, and answers reads with its name. What it did is noted.
 */
final class FakeMember implements AutoCloseable {
    /** The set: its members' names, and which is the primary. */
    record Set(List<String> names, AtomicReference<String> primary) {}

    private final Set set;
    private final String name;
    private final ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final List<Socket> clients = new CopyOnWriteArrayList<>();
    private final Queue<String> commands = new ConcurrentLinkedQueue<>();

    FakeMember(Set set, String name) throws IOException {
        this.set = set;
        this.name = name;
        daemon(this::accept);
    }

    private static void daemon(Runnable task) {
        Thread thread = new Thread(task, "fake-member");
        thread.setDaemon(true);
        thread.start();
    }

    int port() {
        return socket.getLocalPort();
    }

    /** Names of the reads and writes it has carried out. */
    List<String> commands() {
        return new ArrayList<>(commands);
    }

    private void accept() {
        try {
            while (true) {
                Socket client = socket.accept();
                client.setTcpNoDelay(true);
                clients.add(client);
                daemon(() -> serve(client));
            }
        } catch (IOException e) {
            // closed
        }
    }

    private void serve(Socket client) {
        try (client) {
            DataInputStream in = new DataInputStream(client.getInputStream());
            while (true) {
                byte[] request = new byte[Integer.reverseBytes(in.readInt())];
                in.readFully(request, 4, request.length - 4);
                client.getOutputStream().write(answer(request));
            }
        } catch (IOException e) {
            // the client has left
        }
    }

    private byte[] answer(byte[] request) {
        ByteBuffer header = ByteBuffer.wrap(request).order(ByteOrder.LITTLE_ENDIAN);
        int id = header.getInt(4);
        if (header.getInt(12) == Wire.OP_MSG) {
            byte[] document = Messages.bson(answer(WireClient.document(request, 21)));
            return Messages.message(1_000 + id, id, Wire.OP_MSG, Messages.flags(0), new byte[] {0}, document);
        }
        int query = 20;
        while (request[query] != 0) {
            query++;
        }
        byte[] document = Messages.bson(answer(WireClient.document(request, query + 9)));
        return Messages.message(
                1_000 + id, id, Wire.OP_REPLY, Messages.flags(8), new byte[12], Messages.int32(1), document);
    }

    private BsonDocument answer(BsonDocument command) {
        String first = command.getFirstKey();
        return switch (first) {
            case "hello", "isMaster", "ismaster" -> hello();
            case "insert" ->
                name.equals(set.primary().get()) ? noted(first, new BsonDocument("n", new BsonInt32(1))) : notPrimary();
            case "find" -> noted(first, new BsonDocument("cursor", found(command)));
            default -> ok(new BsonDocument());
        };
    }

    private static BsonDocument notPrimary() {
        return BsonDocument.parse("{ok: 0.0, errmsg: 'not primary', code: 10107, codeName: 'NotWritablePrimary',"
                + " errorLabels: ['RetryableWriteError']}");
    }

    private BsonDocument noted(String command, BsonDocument answer) {
        commands.add(command);
        return ok(answer);
    }

    private static BsonDocument ok(BsonDocument answer) {
        return answer.append("ok", new BsonDouble(1));
    }

    private BsonDocument found(BsonDocument command) {
        String namespace = command.getString("$db").getValue() + "."
                + command.getString("find").getValue();
        return new BsonDocument("firstBatch", new BsonArray(List.of(new BsonDocument("from", new BsonString(name)))))
                .append("id", new BsonInt64(0))
                .append("ns", new BsonString(namespace));
    }

    private BsonDocument hello() {
        String primary = set.primary().get();
        boolean writable = name.equals(primary);
        BsonDocument hello = new BsonDocument("helloOk", BsonBoolean.TRUE)
                .append("isWritablePrimary", BsonBoolean.valueOf(writable))
                .append("ismaster", BsonBoolean.valueOf(writable))
                .append("secondary", BsonBoolean.valueOf(!writable))
                .append("setName", new BsonString("played"))
                .append("setVersion", new BsonInt32(1))
                .append(
                        "hosts",
                        new BsonArray(set.names().stream().map(BsonString::new).toList()))
                .append("primary", new BsonString(primary))
                .append("me", new BsonString(name))
                .append("maxBsonObjectSize", new BsonInt32(16 << 20))
                .append("maxMessageSizeBytes", new BsonInt32(48_000_000))
                .append("maxWriteBatchSize", new BsonInt32(100_000))
                .append("logicalSessionTimeoutMinutes", new BsonInt32(30))
                .append("localTime", new BsonDateTime(0))
                .append("minWireVersion", new BsonInt32(0))
                .append("maxWireVersion", new BsonInt32(21));
        if (writable) {
            // Each primary is elected after those that come before it in the set.
            int term = set.names().indexOf(name) + 1;
            hello.append("electionId", new BsonObjectId(new ObjectId("7fffffff000000000000000" + term)));
        }
        return ok(hello);
    }

    @Override
    public void close() throws IOException {
        socket.close();
        for (Socket client : clients) {
            client.close();
        }
    }
}
