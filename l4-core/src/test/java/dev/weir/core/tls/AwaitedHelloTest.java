package dev.weir.core.tls;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.ConfigNode;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What waits for a hello in mid-stream. */
class AwaitedHelloTest {
    private static final ClientHello NAMED = new ClientHello(true, "by.name", List.of());

    private final EmbeddedChannel channel = new EmbeddedChannel();
    private @Nullable ClientHello told;
    private @Nullable Real real;
    private TlsHandler waiting;

    /** Lets all pass, and does what its promise says. */
    private static final class Real extends ChannelInboundHandlerAdapter implements TlsHandler {
        private final Promise<Object> handshake;

        Real(Channel channel) {
            handshake = channel.eventLoop().newPromise();
        }

        @Override
        public Future<?> handshakeFuture() {
            return handshake;
        }

        @Override
        public ChannelFuture closeOutbound() {
            throw new UnsupportedOperationException();
        }

        @Override
        public @Nullable TlsSession session() {
            return handshake.isSuccess()
                    ? new TlsSession("TLSv1.3", "", null, null, false, false, List.of(), null, null)
                    : null;
        }
    }

    private final class Server implements TlsServer {
        @Override
        public boolean needsHello() {
            return true;
        }

        @Override
        public TlsHandler handler(Channel of, @Nullable ClientHello hello) {
            told = hello;
            real = new Real(of);
            return real;
        }

        @Override
        public int maxHandshakes() {
            return 7;
        }
    }

    /** Knows a hello by its end. */
    private static final class Support implements TlsSupport {
        @Override
        public @Nullable TlsServer server(ConfigNode node, Scope scope) {
            return null;
        }

        @Override
        public @Nullable TlsClient client(ConfigNode node, Scope scope) {
            return null;
        }

        @Override
        public @Nullable ClientHello hello(ByteBuf data) {
            return data.getByte(data.writerIndex() - 1) == '.' ? NAMED : null;
        }
    }

    @BeforeEach
    void begin() {
        TlsServer server = AwaitedHello.of(new Server(), new Support());
        assertThat(server.needsHello()).isFalse();
        assertThat(server.maxHandshakes()).isEqualTo(7);
        waiting = server.handler(channel, null);
        channel.pipeline().addFirst(waiting);
    }

    @AfterEach
    void end() {
        channel.finishAndReleaseAll();
    }

    private void say(String text) {
        channel.writeInbound(Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII));
    }

    private String read() {
        StringBuilder all = new StringBuilder();
        for (ByteBuf one = channel.readInbound(); one != null; one = channel.readInbound()) {
            all.append(one.toString(StandardCharsets.US_ASCII));
            one.release();
        }
        return all.toString();
    }

    @Test
    void makesTheHandlerWhenTheHelloIsWholeAndLeaves() {
        say("hel");
        assertThat(told).isNull();
        assertThat(read()).isEmpty();

        say("lo.");
        say("more");

        assertThat(told).isEqualTo(NAMED);
        assertThat(read()).isEqualTo("hello.more");
        assertThat(channel.pipeline().get(AwaitedHello.class)).isNull();
        assertThat(channel.pipeline().first()).isSameAs(real);
        assertThat(waiting.session()).isNull();
        real.handshake.setSuccess("done");
        channel.runPendingTasks();
        assertThat(waiting.handshakeFuture().isSuccess()).isTrue();
        assertThat(waiting.session()).isNotNull();
        channel.advanceTimeBy(1, TimeUnit.MINUTES);
        channel.runScheduledPendingTasks();
        assertThat(channel.isOpen()).isTrue();
    }

    @Test
    void keepsNoMoreThanAnyHelloHas() {
        say("x".repeat(17 << 10));

        assertThat(told).isEqualTo(ClientHello.NONE);
        assertThat(read()).hasSize(17 << 10);
    }

    @Test
    void closesWhereNobodyBegins() {
        say("hel");

        channel.advanceTimeBy(9, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
        assertThat(channel.isOpen()).isTrue();
        channel.advanceTimeBy(2, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();

        assertThat(channel.isOpen()).isFalse();
        assertThat(waiting.handshakeFuture().cause()).isInstanceOf(SSLException.class);
    }

    @Test
    void closesWhereThePeerEndsFirst() {
        say("hel");

        channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);

        assertThat(channel.isOpen()).isFalse();
        assertThat(waiting.handshakeFuture().cause()).hasMessageContaining("before the TLS handshake");
    }

    @Test
    void passesOnWhatTheHandshakeCameTo() {
        say("hello.");

        real.handshake.setFailure(new SSLException("refused"));
        channel.runPendingTasks();

        assertThat(waiting.handshakeFuture().cause()).hasMessage("refused");
    }

    @Test
    void asksForBytesWhereTheChannelDoesNot() {
        EmbeddedChannel quiet = new EmbeddedChannel();
        quiet.config().setAutoRead(false);
        int[] reads = new int[1];
        quiet.pipeline().addFirst(new io.netty.channel.ChannelOutboundHandlerAdapter() {
            @Override
            public void read(ChannelHandlerContext ctx) {
                reads[0]++;
            }
        });

        quiet.pipeline().addLast(AwaitedHello.of(new Server(), new Support()).handler(quiet, null));

        assertThat(reads[0]).isEqualTo(1);
        quiet.finishAndReleaseAll();
    }
}
