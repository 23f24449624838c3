package dev.weir.redis;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import java.io.FileNotFoundException;
import java.net.NoRouteToHostException;
import java.util.Locale;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Why a connection could not be made, in the words of the system, and of which shard. */
final class ConnectFailure {
    private ConnectFailure() {}

    /** What it says of the endpoint. */
    static Endpoint.Outcome outcome(Throwable cause) {
        return cause instanceof ConnectTimeoutException ? Endpoint.Outcome.TIMEOUT : Endpoint.Outcome.CONNECT_FAILED;
    }

    /** For clients. */
    static String text(Throwable cause, Cluster cluster) {
        return cause instanceof ConnectTimeoutException
                ? "no connection within " + cluster.connectTimeoutMillis() + " ms"
                : text(cause);
    }

    /** What clients are told of a shard that did not do what they wanted: which one it is, by its name if it has one, and why. */
    static String error(Cluster cluster, Endpoint endpoint, String why) {
        String name = endpoint.name();
        String shard = name == null ? endpoint.address().toString() : name + " (" + endpoint.address() + ")";
        return "ERR shard " + shard + " of cluster " + cluster.name() + ": " + why;
    }

    /** What is left of the message without names of system calls and addresses: {@code connection refused}. */
    static String text(Throwable cause) {
        // Netty tells these without a message.
        if (cause instanceof FileNotFoundException) {
            return "no such file or directory";
        }
        if (cause instanceof NoRouteToHostException) {
            return "no route to host";
        }
        String message = cause.getMessage();
        String text = message == null ? cause.getClass().getSimpleName() : message;
        int end = text.indexOf("failed with error(-");
        if (end >= 0) {
            int colon = text.indexOf("): ", end);
            text = colon > 0 ? text.substring(colon + 3) : text;
        }
        int address = text.indexOf(": ");
        return address >= 0 ? text.substring(0, address).toLowerCase(Locale.ROOT) : text;
    }

    /** Begins to connect; null if that cannot even begin: then {@code failed} has been told why. */
    static @Nullable ChannelFuture connect(
            Endpoint endpoint, EventLoop loop, ChannelHandler handler, Consumer<String> failed) {
        try {
            ChannelFuture connecting = endpoint.connect(loop, handler);
            if (connecting == null) {
                failed.accept("a limit of connections is reached");
            }
            return connecting;
        } catch (ChannelException noSocket) {
            failed.accept("no socket: " + noSocket.getMessage());
            return null;
        }
    }
}
