package dev.weir.testbeds.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.bson.BsonArray;
import org.bson.BsonBinaryReader;
import org.bson.BsonDocument;
import org.bson.BsonValue;
import org.bson.codecs.BsonDocumentCodec;
import org.bson.codecs.DecoderContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** What is measured is what the official driver sends: fields, their order and types, sections. */
class MongoWorkTest {
    private final List<byte[]> sent = new CopyOnWriteArrayList<>();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private MongoUpstream upstream;
    private ServerSocket relay;

    @BeforeEach
    void start() throws IOException {
        upstream = MongoUpstream.start();
        relay = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        threads.execute(this::accept);
    }

    @AfterEach
    void stop() throws IOException {
        relay.close();
        upstream.close();
        threads.shutdownNow();
    }

    @ParameterizedTest
    @EnumSource(
            mode = Mode.EXCLUDE,
            names = {"GET_MORE"})
    void isWhatTheDriverSends(MongoWork work) throws Exception {
        MongoDriverLoad.run(relay.getLocalPort(), work, 1, 0.2);

        // The first ones do not know the time of the cluster yet.
        byte[] theirs = sent.stream()
                .filter(message -> message[12] == (byte) MongoMessages.OP_MSG)
                .filter(message -> shape(message).get(0).contains("{" + work.command + ":"))
                .reduce((earlier, later) -> later)
                .orElseThrow();

        assertThat(shape(work.request())).isEqualTo(shape(theirs));
    }

    @Test
    void beginsAsTheDriverDoes() throws Exception {
        MongoDriverLoad.run(relay.getLocalPort(), MongoWork.FIND_ONE, 1, 0);

        BsonDocument theirs = sent.stream()
                .filter(message ->
                        ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN).getInt(12) == MongoMessages.OP_QUERY)
                .map(MongoWorkTest::query)
                .filter(hello -> hello.containsKey("client"))
                .findFirst()
                .orElseThrow();
        theirs.getDocument("client").remove("env");
        assertThat(text(query(MongoWork.hello()))).isEqualTo(text(theirs));
    }

    @ParameterizedTest
    @EnumSource(MongoWork.class)
    void answersEveryRequestThatIsSent(MongoWork work) throws IOException {
        MongoLoad.Result result = MongoLoad.run(upstream.port(), work, 3, 0);

        assertThat(result.sent()).isEqualTo(3);
        assertThat(result.nanos().getTotalCount()).isEqualTo(3);
    }

    /** The document of an OP_QUERY on {@code admin.$cmd}. */
    private static BsonDocument query(byte[] message) {
        ByteBuffer in = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
        return document(in.position(MongoMessages.HEADER + 4 + "admin.$cmd".length() + 1 + 8));
    }

    /** Of each section: its kind and name, then the fields and types of its first document, and how many there are. */
    private static List<String> shape(byte[] message) {
        ByteBuffer in = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
        in.position(MongoMessages.HEADER + 4);
        List<String> sections = new ArrayList<>();
        while (in.hasRemaining()) {
            int kind = in.get();
            int end = in.position() + in.getInt(in.position());
            StringBuilder name = new StringBuilder();
            if (kind == 1) {
                in.getInt();
                for (byte b = in.get(); b != 0; b = in.get()) {
                    name.append((char) b);
                }
            }
            int documents = 0;
            String first = "";
            while (in.position() < end) {
                BsonDocument document = document(in);
                first = documents++ == 0 ? text(document) : first;
            }
            // The documents of an insert are the benchmark's own in both.
            sections.add(kind + " " + name + " " + documents + " " + first);
        }
        return sections;
    }

    private static BsonDocument document(ByteBuffer in) {
        byte[] bytes = new byte[in.getInt(in.position())];
        in.get(bytes);
        return new BsonDocumentCodec()
                .decode(
                        new BsonBinaryReader(ByteBuffer.wrap(bytes)),
                        DecoderContext.builder().build());
    }

    private static String text(BsonValue value) {
        StringBuilder text = new StringBuilder();
        if (value instanceof BsonDocument document) {
            document.forEach((name, field) -> text.append(text.isEmpty() ? "" : ", ")
                    .append(name)
                    .append(": ")
                    .append(text(field)));
            return "{" + text + "}";
        }
        if (value instanceof BsonArray array) {
            return array.stream().map(MongoWorkTest::text).toList().toString();
        }
        return value.getBsonType().toString();
    }

    private void accept() {
        try {
            while (true) {
                Socket client = relay.accept();
                Socket server = new Socket(InetAddress.getLoopbackAddress(), upstream.port());
                threads.execute(() -> copy(client, server, true));
                threads.execute(() -> copy(server, client, false));
            }
        } catch (IOException closed) {
            // The end of the test.
        }
    }

    private void copy(Socket from, Socket to, boolean keep) {
        try (from;
                to) {
            InputStream in = from.getInputStream();
            while (true) {
                byte[] message = message(in);
                if (message == null) {
                    return;
                }
                if (keep) {
                    sent.add(message);
                }
                to.getOutputStream().write(message);
            }
        } catch (IOException closed) {
            // The other side is gone.
        }
    }

    private static byte[] message(InputStream in) throws IOException {
        byte[] length = in.readNBytes(4);
        if (length.length < 4) {
            return null;
        }
        int size = ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getInt();
        ByteArrayOutputStream all = new ByteArrayOutputStream(size);
        all.write(length);
        all.write(in.readNBytes(size - 4));
        return all.toByteArray();
    }
}
