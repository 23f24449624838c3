package dev.weir.core.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.core.config.Address;
import io.netty.channel.Channel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.socket.SocketChannel;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TransportTest {
    @ParameterizedTest
    @CsvSource({
        "EPOLL, 127.0.0.1:1, true",
        "EPOLL, 127.0.0.1:1, false",
        "EPOLL, localhost:1, true",
        "EPOLL, localhost:1, false",
        "NIO, 127.0.0.1:1, true",
        "NIO, 127.0.0.1:1, false"
    })
    void newChannelsDelayOrDoNotAsIsWanted(Transport transport, String text, boolean wanted) {
        assumeTrue(transport == Transport.NIO || Epoll.isAvailable(), "no epoll here");
        Address address = Address.parse(text);
        Channel channel = transport.client(address, transport.socketAddress(address));
        try {
            Transport.noDelay((SocketChannel) channel, wanted);

            assertThat(((SocketChannel) channel).config().isTcpNoDelay()).isEqualTo(wanted);
        } finally {
            channel.unsafe().closeForcibly();
        }
    }
}
