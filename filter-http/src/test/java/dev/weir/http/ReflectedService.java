package dev.weir.http;

import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.MethodDescriptorProto;
import com.google.protobuf.DescriptorProtos.ServiceDescriptorProto;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.StringValue;
import com.google.protobuf.WrappersProto;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.ProtoFileDescriptorSupplier;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.grpc.stub.ServerCalls;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/** A service of grpc-java whose methods clients learn from the server: texts in, texts out. */
final class ReflectedService implements AutoCloseable {
    static final String NAME = "weir.test.Texts";

    private final Server server;

    ReflectedService(UnaryOperator<NettyServerBuilder> more) throws IOException {
        MethodDescriptor<StringValue, StringValue> upper = method("Upper", MethodType.UNARY);
        MethodDescriptor<StringValue, StringValue> letters = method("Letters", MethodType.SERVER_STREAMING);
        MethodDescriptor<StringValue, StringValue> fail = method("Fail", MethodType.UNARY);
        ServiceDescriptor described = ServiceDescriptor.newBuilder(NAME)
                .setSchemaDescriptor((ProtoFileDescriptorSupplier) ReflectedService::file)
                .addMethod(upper)
                .addMethod(letters)
                .addMethod(fail)
                .build();
        server = more.apply(NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)))
                .addService(ServerServiceDefinition.builder(described)
                        .addMethod(upper, ServerCalls.asyncUnaryCall((asked, answer) -> {
                            answer.onNext(StringValue.of(asked.getValue().toUpperCase(Locale.ROOT)));
                            answer.onCompleted();
                        }))
                        .addMethod(letters, ServerCalls.asyncServerStreamingCall((asked, answer) -> {
                            asked.getValue()
                                    .chars()
                                    .forEach(letter -> answer.onNext(StringValue.of(String.valueOf((char) letter))));
                            answer.onCompleted();
                        }))
                        .addMethod(
                                fail,
                                ServerCalls.asyncUnaryCall((asked, answer) -> answer.onError(Status.FAILED_PRECONDITION
                                        .withDescription(asked.getValue())
                                        .asRuntimeException())))
                        .build())
                .addService(ProtoReflectionServiceV1.newInstance())
                .build()
                .start();
    }

    private static MethodDescriptor<StringValue, StringValue> method(String name, MethodType type) {
        return MethodDescriptor.newBuilder(
                        ProtoUtils.marshaller(StringValue.getDefaultInstance()),
                        ProtoUtils.marshaller(StringValue.getDefaultInstance()))
                .setType(type)
                .setFullMethodName(MethodDescriptor.generateFullMethodName(NAME, name))
                .build();
    }

    /** What a compiler would have made of a file. */
    private static FileDescriptor file() {
        ServiceDescriptorProto.Builder service =
                ServiceDescriptorProto.newBuilder().setName("Texts");
        for (String name : new String[] {"Upper", "Letters", "Fail"}) {
            service.addMethod(MethodDescriptorProto.newBuilder()
                    .setName(name)
                    .setInputType(".google.protobuf.StringValue")
                    .setOutputType(".google.protobuf.StringValue")
                    .setServerStreaming(name.equals("Letters")));
        }
        FileDescriptorProto file = FileDescriptorProto.newBuilder()
                .setName("weir/test/texts.proto")
                .setPackage("weir.test")
                .setSyntax("proto3")
                .addDependency("google/protobuf/wrappers.proto")
                .addService(service)
                .build();
        try {
            return FileDescriptor.buildFrom(file, new FileDescriptor[] {WrappersProto.getDescriptor()});
        } catch (DescriptorValidationException e) {
            throw new IllegalStateException(e);
        }
    }

    String address() {
        return "127.0.0.1:" + server.getPort();
    }

    @Override
    public void close() {
        try {
            server.shutdownNow().awaitTermination(20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
