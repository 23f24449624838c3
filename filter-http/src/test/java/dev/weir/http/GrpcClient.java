package dev.weir.http;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A client of grpc-java, one connection. It makes no second try of its own: what fails is seen. */
final class GrpcClient implements AutoCloseable {
    final ManagedChannel channel;

    GrpcClient(int port) {
        channel = NettyChannelBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
                .usePlaintext()
                .disableRetry()
                .maxInboundMessageSize(GrpcService.LARGEST)
                .build();
    }

    byte[] unary(MethodDescriptor<byte[], byte[]> method, byte[] request) {
        return ClientCalls.blockingUnaryCall(channel, method, patient(), request);
    }

    /** Long enough for a loaded machine, and an end for a call that is lost. */
    static CallOptions patient() {
        return CallOptions.DEFAULT.withDeadlineAfter(30, TimeUnit.SECONDS);
    }

    /** Begins a call; nothing is asked for yet. */
    Heard begin(MethodDescriptor<byte[], byte[]> method, CallOptions options, Metadata metadata) {
        ClientCall<byte[], byte[]> call = channel.newCall(method, options);
        Heard heard = new Heard(call);
        call.start(heard, metadata);
        return heard;
    }

    @Override
    public void close() {
        try {
            channel.shutdownNow().awaitTermination(20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A call, and what was heard of it. */
    static final class Heard extends ClientCall.Listener<byte[]> {
        final ClientCall<byte[], byte[]> call;
        final List<byte[]> messages = new CopyOnWriteArrayList<>();
        final CompletableFuture<Metadata> head = new CompletableFuture<>();
        private final CompletableFuture<Status> status = new CompletableFuture<>();
        volatile Metadata trailers = new Metadata();

        Heard(ClientCall<byte[], byte[]> call) {
            this.call = call;
        }

        @Override
        public void onHeaders(Metadata headers) {
            head.complete(headers);
        }

        @Override
        public void onMessage(byte[] message) {
            messages.add(message);
        }

        @Override
        public void onClose(Status end, Metadata last) {
            trailers = last;
            status.complete(end);
        }

        /** Sends one message, the last one, and takes all that comes. */
        Heard say(byte[] request) {
            call.sendMessage(request);
            call.halfClose();
            call.request(Integer.MAX_VALUE);
            return this;
        }

        boolean isOver() {
            return status.isDone();
        }

        Status status() throws Exception {
            try {
                return status.get(30, TimeUnit.SECONDS);
            } catch (TimeoutException e) {
                throw new AssertionError("the call does not end", e);
            }
        }
    }
}
