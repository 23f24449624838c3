package dev.weir.core.net;

import dev.weir.core.tls.TlsHandler;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.nio.channels.NotYetConnectedException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ends a channel with a reset, or in order, after what was written to it. */
public final class Resets {
    /** Longest wait for bytes to be taken by the peer before the reset overtakes them. */
    private static final long PATIENCE_MILLIS = 2_000;

    private static final long POLL_MILLIS = 2;

    private static final Logger LOG = LoggerFactory.getLogger(Resets.class);

    private Resets() {}

    /**
     * Flushes, waits until the peer has acknowledged the bytes (a reset makes the kernel throw away what it has
     * not sent), and resets. Gives up waiting after two seconds.
     */
    public static void resetAfterFlush(Channel channel) {
        if (!channel.isActive()) {
            channel.close();
            return;
        }
        boolean[] flushed = new boolean[1];
        channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(done -> {
            flushed[0] = true;
            poll(channel, PATIENCE_MILLIS);
        });
        // A peer that does not read never lets the flush end.
        channel.eventLoop()
                .schedule(
                        () -> {
                            if (!flushed[0]) {
                                reset(channel);
                            }
                        },
                        PATIENCE_MILLIS,
                        TimeUnit.MILLISECONDS);
    }

    private static void poll(Channel channel, long left) {
        if (left > 0 && channel.isActive() && unacknowledged(channel)) {
            channel.eventLoop().schedule(() -> poll(channel, left - POLL_MILLIS), POLL_MILLIS, TimeUnit.MILLISECONDS);
        } else {
            reset(channel);
        }
    }

    private static boolean unacknowledged(Channel channel) {
        return channel instanceof EpollSocketChannel epoll && epoll.tcpInfo().unacked() > 0;
    }

    private static void reset(Channel channel) {
        if (channel.isOpen()) {
            try {
                channel.config().setOption(ChannelOption.SO_LINGER, 0);
            } catch (RuntimeException notTcp) {
                // Unix sockets have no reset; closing is what is left.
            }
            channel.close();
        }
    }

    /** Flushes what was written and closes; a peer that does not read gets {@code patienceMillis}. */
    public static void closeAfterFlush(Channel channel, long patienceMillis) {
        if (!channel.isActive()) {
            channel.close();
            return;
        }
        channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        if (channel.isOpen()) {
            channel.eventLoop().schedule(() -> channel.close(), patienceMillis, TimeUnit.MILLISECONDS);
        }
    }

    /** Tells the peer that nothing more will come; reading goes on. What was written must have been flushed. */
    public static void endOutput(Channel channel) {
        if (channel.pipeline().get(TlsHandler.class) == null) {
            shutdownOutput(channel);
            return;
        }
        List<TlsHandler> layers = new ArrayList<>(2);
        channel.pipeline().forEach(entry -> {
            if (entry.getValue() instanceof TlsHandler tls) {
                layers.add(tls);
            }
        });
        endTls(channel, layers);
    }

    /** TLS may lie within TLS: what is nearer to the plain text ends first. */
    private static void endTls(Channel channel, List<TlsHandler> layers) {
        if (layers.isEmpty()) {
            shutdownOutput(channel);
        } else {
            layers.remove(layers.size() - 1).closeOutbound().addListener(told -> endTls(channel, layers));
        }
    }

    private static void shutdownOutput(Channel channel) {
        if (!(channel instanceof DuplexChannel duplex) || !duplex.isActive() || duplex.isOutputShutdown()) {
            return;
        }
        if (channel instanceof UnixChannel unix && unix.fd() instanceof Socket socket) {
            // Nothing is left to be written, so Netty's own way, which makes an exception to fail it with, is dear.
            try {
                socket.shutdown(false, true);
            } catch (IOException | NotYetConnectedException gone) { // the latter is what a reset connection makes
                LOG.trace("the peer was faster", gone);
            }
        } else {
            duplex.shutdownOutput();
        }
    }
}
