package dev.weir.proxy;

import dev.weir.core.filter.Connection;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;

/** A connection that exists on paper, for exchanges that are handed to sinks. */
final class FakeConnection {
    private FakeConnection() {}

    static Connection of(String listener, long id) {
        InetSocketAddress client = new InetSocketAddress("10.0.0.9", 50_000);
        InetSocketAddress upstream = new InetSocketAddress("10.0.0.5", 6379);
        InvocationHandler answers = (proxy, method, arguments) -> switch (method.getName()) {
            case "id" -> id;
            case "listener" -> listener;
            case "client" -> client;
            case "clientText" -> "10.0.0.9:50000";
            case "clientHost" -> "10.0.0.9";
            case "cluster" -> "orders";
            case "upstream", "local" -> upstream;
            case "upstreamText" -> "10.0.0.5:6379";
            case "upstreamHost" -> "10.0.0.5";
            case "upstreamPort" -> "6379";
            case "openedNanos" -> 0L;
            case "allocator" -> UnpooledByteBufAllocator.DEFAULT;
            case "hashCode" -> System.identityHashCode(proxy);
            case "equals" -> proxy == arguments[0];
            case "toString" -> "fake " + id;
            default -> null;
        };
        return (Connection) Proxy.newProxyInstance(
                FakeConnection.class.getClassLoader(), new Class<?>[] {Connection.class}, answers);
    }
}
