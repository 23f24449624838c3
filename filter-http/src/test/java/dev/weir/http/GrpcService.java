package dev.weir.http;

import static io.grpc.MethodDescriptor.MethodType.BIDI_STREAMING;
import static io.grpc.MethodDescriptor.MethodType.CLIENT_STREAMING;
import static io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING;
import static io.grpc.MethodDescriptor.MethodType.UNARY;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;

/** A service of grpc-java, whose messages are plain bytes. */
final class GrpcService implements AutoCloseable {
    static final String NAME = "weir.test.Echo";
    static final int LARGEST = 16 << 20;

    /** What the client sends in it comes back in the head and in the trailers. */
    static final Metadata.Key<String> TEXT = Metadata.Key.of("x-text", Metadata.ASCII_STRING_MARSHALLER);

    static final Metadata.Key<byte[]> BYTES = Metadata.Key.of("x-bytes-bin", Metadata.BINARY_BYTE_MARSHALLER);

    static final MethodDescriptor<byte[], byte[]> ECHO = method(UNARY, "Echo");
    /** Answers the sum of the messages' lengths. */
    static final MethodDescriptor<byte[], byte[]> SUM = method(CLIENT_STREAMING, "Sum");
    /** Answers as many messages of such a size as the request says. */
    static final MethodDescriptor<byte[], byte[]> REPEAT = method(SERVER_STREAMING, "Repeat");

    static final MethodDescriptor<byte[], byte[]> CHAT = method(BIDI_STREAMING, "Chat");
    /** Fails after so many messages as the request says; without any there is nothing but trailers. */
    static final MethodDescriptor<byte[], byte[]> FAIL = method(SERVER_STREAMING, "Fail");
    /** Does not answer. */
    static final MethodDescriptor<byte[], byte[]> HANG = method(UNARY, "Hang");

    final AtomicInteger calls = new AtomicInteger();
    final AtomicInteger sent = new AtomicInteger();
    final CountDownLatch begun = new CountDownLatch(1);
    final CountDownLatch cancelled = new CountDownLatch(1);
    final Server server;
    private final String address;

    GrpcService() throws IOException {
        this(builder -> builder);
    }

    GrpcService(UnaryOperator<NettyServerBuilder> more) throws IOException {
        ServerServiceDefinition service = ServerServiceDefinition.builder(NAME)
                .addMethod(ECHO, ServerCalls.asyncUnaryCall((request, answer) -> one(request, answer)))
                .addMethod(SUM, ServerCalls.asyncClientStreamingCall(GrpcService::sum))
                .addMethod(REPEAT, ServerCalls.asyncServerStreamingCall(this::repeat))
                .addMethod(CHAT, ServerCalls.asyncBidiStreamingCall(GrpcService::chat))
                .addMethod(FAIL, ServerCalls.asyncServerStreamingCall(this::fail))
                .addMethod(HANG, ServerCalls.asyncUnaryCall(this::hang))
                .build();
        server = more.apply(NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                        .maxInboundMessageSize(LARGEST))
                .addService(ServerInterceptors.intercept(service, new Mirror(calls)))
                .build()
                .start();
        address = "127.0.0.1:" + server.getPort();
    }

    private static MethodDescriptor<byte[], byte[]> method(MethodDescriptor.MethodType type, String name) {
        return MethodDescriptor.newBuilder(Plain.INSTANCE, Plain.INSTANCE)
                .setType(type)
                .setFullMethodName(MethodDescriptor.generateFullMethodName(NAME, name))
                .build();
    }

    String address() {
        return address;
    }

    /** Two numbers, as a message. */
    static byte[] numbers(int one, int two) {
        return ByteBuffer.allocate(8).putInt(one).putInt(two).array();
    }

    private static void one(byte[] request, StreamObserver<byte[]> answer) {
        answer.onNext(request);
        answer.onCompleted();
    }

    private static StreamObserver<byte[]> sum(StreamObserver<byte[]> answer) {
        return new StreamObserver<>() {
            private int messages;
            private int bytes;

            @Override
            public void onNext(byte[] message) {
                messages++;
                bytes += message.length;
            }

            @Override
            public void onError(Throwable gone) {
                // The client has cancelled.
            }

            @Override
            public void onCompleted() {
                answer.onNext(numbers(messages, bytes));
                answer.onCompleted();
            }
        };
    }

    /** Sends as long as the transport takes it. */
    private void repeat(byte[] request, StreamObserver<byte[]> plain) {
        ServerCallStreamObserver<byte[]> answer = (ServerCallStreamObserver<byte[]>) plain;
        int count = ByteBuffer.wrap(request).getInt(0);
        byte[] message = new byte[ByteBuffer.wrap(request).getInt(4)];
        AtomicInteger left = new AtomicInteger(count);
        answer.setOnCancelHandler(cancelled::countDown);
        answer.setOnReadyHandler(() -> {
            while (answer.isReady() && left.get() > 0) {
                answer.onNext(message);
                sent.incrementAndGet();
                if (left.decrementAndGet() == 0) {
                    answer.onCompleted();
                }
            }
        });
    }

    private static StreamObserver<byte[]> chat(StreamObserver<byte[]> answer) {
        return new StreamObserver<>() {
            @Override
            public void onNext(byte[] message) {
                answer.onNext(message);
            }

            @Override
            public void onError(Throwable gone) {
                // The client has cancelled.
            }

            @Override
            public void onCompleted() {
                answer.onCompleted();
            }
        };
    }

    private void fail(byte[] request, StreamObserver<byte[]> answer) {
        for (int i = ByteBuffer.wrap(request).getInt(0); i > 0; i--) {
            answer.onNext(request);
        }
        Metadata trailers = new Metadata();
        trailers.put(TEXT, "of the error");
        trailers.put(BYTES, new byte[] {0, 1, (byte) 0xff});
        answer.onError(Status.FAILED_PRECONDITION
                .withDescription("not now: 100 % übel")
                .asRuntimeException(trailers));
    }

    private void hang(byte[] request, StreamObserver<byte[]> plain) {
        ((ServerCallStreamObserver<byte[]>) plain).setOnCancelHandler(cancelled::countDown);
        begun.countDown();
    }

    /** Whether a client's cancellation has come. */
    boolean isCancelled() throws InterruptedException {
        return cancelled.await(20, TimeUnit.SECONDS);
    }

    /** At once, with all calls that are under way. */
    void stop() {
        try {
            server.shutdownNow().awaitTermination(20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        stop();
    }

    private static final class Plain implements MethodDescriptor.Marshaller<byte[]> {
        static final Plain INSTANCE = new Plain();

        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** Sends back what a client tells in its metadata; counts calls. */
    private record Mirror(AtomicInteger calls) implements ServerInterceptor {
        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, A> call, Metadata request, ServerCallHandler<Q, A> next) {
            calls.incrementAndGet();
            ServerCall<Q, A> mirroring = new SimpleForwardingServerCall<>(call) {
                @Override
                public void sendHeaders(Metadata head) {
                    copy(request, head);
                    super.sendHeaders(head);
                }

                @Override
                public void close(Status status, Metadata trailers) {
                    if (status.isOk()) {
                        copy(request, trailers);
                    }
                    super.close(status, trailers);
                }
            };
            return Contexts.interceptCall(Context.current(), mirroring, request, next);
        }

        private static void copy(Metadata from, Metadata to) {
            String text = from.get(TEXT);
            if (text != null) {
                to.put(TEXT, new String(text.getBytes(StandardCharsets.US_ASCII), StandardCharsets.US_ASCII));
            }
            byte[] bytes = from.get(BYTES);
            if (bytes != null) {
                to.put(BYTES, bytes);
            }
        }
    }
}
