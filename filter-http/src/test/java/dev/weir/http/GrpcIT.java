package dev.weir.http;

import static dev.weir.http.GrpcService.numbers;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.exchange.Exchange;
import dev.weir.http.GrpcClient.Heard;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** gRPC through the terminal, HTTP/2 on both sides: grpc-java speaks to grpc-java. */
class GrpcIT {
    private static final Map<String, ?> TERMINAL = Map.of("upstream_protocol", "http2", "grpc", true);
    private static final int MANY = 1_000;

    private GrpcService service;
    private HttpBed bed;
    private GrpcClient client;

    @BeforeEach
    void start() throws Exception {
        service = new GrpcService();
        bed = new HttpBed(TERMINAL, service.address());
        client = new GrpcClient(bed.port());
    }

    @AfterEach
    void stop() throws Exception {
        client.close();
        bed.close();
        service.close();
    }

    private Exchange onlyExchange() throws InterruptedException {
        assertThat(Http2Bed.eventually(() -> !bed.exchanges.isEmpty())).isTrue();
        assertThat(bed.exchanges).hasSize(1);
        return bed.exchanges.get(0);
    }

    private static Map<String, Object> attributes(Exchange exchange) {
        Map<String, Object> all = new java.util.HashMap<>();
        for (int i = 0; i < exchange.attributes(); i++) {
            all.put(exchange.attributeName(i), exchange.attributeValue(i));
        }
        return all;
    }

    private static Metadata metadata() {
        Metadata metadata = new Metadata();
        metadata.put(GrpcService.TEXT, "a, b; c");
        metadata.put(GrpcService.BYTES, new byte[] {0, 127, (byte) 128, (byte) 255});
        return metadata;
    }

    @Test
    void carriesACallWithItsMetadata() throws Exception {
        Heard call =
                client.begin(GrpcService.ECHO, GrpcClient.patient(), metadata()).say(new byte[] {1, 2, 3});

        assertThat(call.status().isOk()).isTrue();
        assertThat(call.messages).singleElement().isEqualTo(new byte[] {1, 2, 3});
        for (Metadata back : List.of(call.head.get(), call.trailers)) {
            assertThat(back.get(GrpcService.TEXT)).isEqualTo("a, b; c");
            assertThat(back.get(GrpcService.BYTES)).isEqualTo(new byte[] {0, 127, (byte) 128, (byte) 255});
        }
        Exchange told = onlyExchange();
        assertThat(told.protocol).isEqualTo("grpc");
        assertThat(told.operation().name()).isEqualTo("weir.test.Echo/Echo");
        assertThat(told.status).isEqualTo(Exchange.Status.OK);
        assertThat(told.byWeir).isFalse();
        assertThat(told.requestBytes).isEqualTo(8);
        assertThat(told.responseBytes).isEqualTo(8);
        assertThat(attributes(told))
                .containsEntry("grpc_status", "OK")
                .containsEntry("request_messages", 1L)
                .containsEntry("response_messages", 1L)
                .containsKey("timeout_ms");
    }

    @Test
    void carriesAnEmptyMessageAndNoMessage() throws Exception {
        assertThat(client.unary(GrpcService.ECHO, new byte[0])).isEmpty();

        Heard nothing = client.begin(GrpcService.REPEAT, GrpcClient.patient(), new Metadata());
        nothing.call.sendMessage(numbers(1, 0));
        nothing.call.request(1);
        nothing.call.halfClose();
        assertThat(nothing.status().isOk()).isTrue();
        assertThat(nothing.messages).hasSize(1);
    }

    @Test
    void streamsFromTheClient() throws Exception {
        CompletableFuture<byte[]> sum = new CompletableFuture<>();
        StreamObserver<byte[]> requests = ClientCalls.asyncClientStreamingCall(
                client.channel.newCall(GrpcService.SUM, GrpcClient.patient()), new One(sum));
        Random random = new Random(1);
        int bytes = 0;
        for (int i = 0; i < MANY; i++) {
            byte[] message = new byte[random.nextInt(2_000)];
            bytes += message.length;
            requests.onNext(message);
        }
        requests.onCompleted();

        assertThat(sum.get(30, TimeUnit.SECONDS)).isEqualTo(numbers(MANY, bytes));
        assertThat(attributes(onlyExchange()))
                .containsEntry("request_messages", (long) MANY)
                .containsEntry("response_messages", 1L);
    }

    @Test
    void streamsFromTheServer() throws Exception {
        Iterator<byte[]> answers = ClientCalls.blockingServerStreamingCall(
                client.channel, GrpcService.REPEAT, GrpcClient.patient(), numbers(MANY, 333));
        int count = 0;
        for (; answers.hasNext(); count++) {
            assertThat(answers.next()).hasSize(333);
        }

        assertThat(count).isEqualTo(MANY);
        Exchange told = onlyExchange();
        assertThat(attributes(told)).containsEntry("response_messages", (long) MANY);
        assertThat(told.responseBytes).isEqualTo(MANY * 338L);
        assertThat(told.longWait).isTrue();
    }

    /** Each message but the first is sent when the answer to the one before has come. */
    @Test
    void streamsBothWaysInTurn() throws Exception {
        CompletableFuture<byte[]> last = new CompletableFuture<>();
        ClientCall<byte[], byte[]> call = client.channel.newCall(GrpcService.CHAT, GrpcClient.patient());
        Turns turns = new Turns(last);
        StreamObserver<byte[]> requests = ClientCalls.asyncBidiStreamingCall(call, turns);
        turns.requests = requests;
        requests.onNext(numbers(1, 0));

        assertThat(last.get(30, TimeUnit.SECONDS)).isEqualTo(numbers(MANY, 0));
        assertThat(attributes(onlyExchange()))
                .containsEntry("request_messages", (long) MANY)
                .containsEntry("response_messages", (long) MANY)
                .containsEntry("grpc_status", "OK");
    }

    @Test
    void carriesLargeMessagesBothWays() throws Exception {
        byte[] large = new byte[10 << 20];
        new Random(2).nextBytes(large);

        assertThat(client.unary(GrpcService.ECHO, large)).isEqualTo(large);
        assertThat(onlyExchange().requestBytes).isEqualTo(large.length + 5L);
    }

    @Test
    void carriesAnErrorThatIsTrailersOnly() throws Exception {
        failsAfter(0);
        assertThat(bed.exchanges.get(0).responseBytes).isZero();
    }

    @Test
    void carriesAnErrorBehindMessages() throws Exception {
        failsAfter(3);
    }

    private void failsAfter(int messages) throws Exception {
        Heard call = client.begin(GrpcService.FAIL, GrpcClient.patient(), new Metadata())
                .say(numbers(messages, 0));

        assertThat(call.status().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
        assertThat(call.status().getDescription()).isEqualTo("not now: 100 % übel");
        assertThat(call.trailers.get(GrpcService.TEXT)).isEqualTo("of the error");
        assertThat(call.trailers.get(GrpcService.BYTES)).isEqualTo(new byte[] {0, 1, (byte) 0xff});
        assertThat(call.messages).hasSize(messages);
        Exchange told = onlyExchange();
        assertThat(told.status).isEqualTo(Exchange.Status.ERROR);
        assertThat(told.error).isEqualTo("FAILED_PRECONDITION");
        assertThat(told.byWeir).isFalse();
        assertThat(attributes(told))
                .containsEntry("response_messages", (long) messages)
                .containsEntry("grpc_status", "FAILED_PRECONDITION");
    }

    @Test
    void aMethodThatNobodyKnowsHasNoName() throws Exception {
        assertThatThrownBy(() -> client.unary(
                        GrpcService.ECHO.toBuilder()
                                .setFullMethodName("made.Up/Name")
                                .build(),
                        new byte[1]))
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        error -> assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.UNIMPLEMENTED));
        assertThat(onlyExchange().operation().name()).isEqualTo("_OTHER");
    }

    @Test
    void aCancelledCallIsCancelledAtTheServer() throws Exception {
        Heard call = client.begin(GrpcService.HANG, CallOptions.DEFAULT, new Metadata())
                .say(new byte[1]);
        assertThat(service.begun.await(20, TimeUnit.SECONDS)).isTrue();

        call.call.cancel("enough", null);

        assertThat(service.isCancelled()).isTrue();
        Exchange told = onlyExchange();
        assertThat(told.status).isNotEqualTo(Exchange.Status.OK);
        assertThat(told.error).isEqualTo("client_reset");
        // The connection serves on.
        assertThat(client.unary(GrpcService.ECHO, new byte[2])).hasSize(2);
    }

    /** A server may send what the client asks for, and what the windows on its way take: 64 KiB here and there, and in sockets. */
    @Test
    void aServerWaitsForAClientThatDoesNotRead() throws Exception {
        int count = 500;
        Heard call = client.begin(GrpcService.REPEAT, GrpcClient.patient(), new Metadata());
        call.call.sendMessage(numbers(count, 64 << 10));
        call.call.halfClose();
        call.call.request(1);
        assertThat(Http2Bed.eventually(() -> call.messages.size() == 1)).isTrue();

        int before = -1;
        while (before != service.sent.get()) {
            before = service.sent.get();
            TimeUnit.MILLISECONDS.sleep(300);
        }
        assertThat(before).isLessThan(60); // of 64 KiB each: the windows of grpc-java are 1 MiB
        assertThat(client.unary(GrpcService.ECHO, new byte[3])).hasSize(3); // others are served

        call.call.request(count);
        assertThat(call.status().isOk()).isTrue();
        assertThat(call.messages).hasSize(count);
        assertThat(service.sent).hasValue(count);
    }

    /** The same the other way: a client may send what the server takes. */
    @Test
    void aClientWaitsForAServerThatDoesNotRead() throws Exception {
        // The method takes one message: what comes behind it waits.
        ClientCall<byte[], byte[]> call = client.channel.newCall(GrpcService.CHAT, GrpcClient.patient());
        Heard heard = new Heard(call);
        call.start(heard, new Metadata());
        int sent = 0;
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
        while (System.nanoTime() < end) {
            // The answers are not asked for: the server, which answers each message, stops to read at some time.
            if (call.isReady()) {
                call.sendMessage(new byte[64 << 10]);
                sent++;
            } else {
                TimeUnit.MILLISECONDS.sleep(5);
            }
        }
        assertThat(sent).isPositive();

        call.halfClose();
        call.request(sent);
        assertThat(heard.status().isOk()).isTrue();
        assertThat(heard.messages).hasSize(sent);
        assertThat(heard.messages.stream().mapToInt(message -> message.length).sum())
                .isEqualTo(sent * (64 << 10));
    }

    /** Takes one answer. */
    private record One(CompletableFuture<byte[]> answer) implements StreamObserver<byte[]> {
        @Override
        public void onNext(byte[] message) {
            answer.complete(message);
        }

        @Override
        public void onError(Throwable error) {
            answer.completeExceptionally(error);
        }

        @Override
        public void onCompleted() {
            answer.completeExceptionally(new AssertionError("no answer"));
        }
    }

    private static final class Turns implements StreamObserver<byte[]> {
        private final CompletableFuture<byte[]> last;
        private volatile byte[] latest = new byte[0];
        volatile StreamObserver<byte[]> requests;

        Turns(CompletableFuture<byte[]> last) {
            this.last = last;
        }

        @Override
        public void onNext(byte[] message) {
            latest = message;
            int number = ByteBuffer.wrap(message).getInt();
            if (number == MANY) {
                requests.onCompleted();
            } else {
                requests.onNext(numbers(number + 1, 0));
            }
        }

        @Override
        public void onError(Throwable error) {
            last.completeExceptionally(error);
        }

        @Override
        public void onCompleted() {
            last.complete(latest);
        }
    }
}
