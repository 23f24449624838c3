package dev.weir.tls.starttls;

import dev.weir.core.config.Address;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.Side;
import dev.weir.core.tls.TlsHandler;
import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What all connections of one configured filter share.
 *
 * @param name protocol and side, for logs
 * @param side whose TLS it is
 * @param maker makes handlers, told whom the connection goes to; null where TLS is not this filter's to begin
 * @param peer whom it goes to where that is another one than the connection's upstream: behind a tunnel
 * @param timeout how long a negotiation may take
 */
record StarttlsSettings(
        String name,
        Side side,
        @Nullable BiFunction<Channel, Address, TlsHandler> maker,
        @Nullable Address peer,
        Duration timeout,
        StarttlsMetrics metrics) {

    @Nullable
    Function<Channel, TlsHandler> makerFor(Connection connection) {
        BiFunction<Channel, Address, TlsHandler> make = maker;
        return make == null ? null : channel -> make.apply(channel, address(connection));
    }

    /** Whom the certificate must be for, where the configuration does not say it. */
    private Address address(Connection connection) {
        if (peer != null) {
            return peer;
        }
        SocketAddress upstream = connection.upstream();
        return upstream instanceof InetSocketAddress inet
                ? new Address(inet.getHostString(), inet.getPort())
                : new Address(String.valueOf(upstream), -1);
    }
}
