package dev.weir.testbeds.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The load of {@code testbeds/bench tls} does what its figures are named after. */
class TlsLoadTest {
    private final List<SslContext> contexts = new ArrayList<>();
    private final List<TlsEcho> echoes = new ArrayList<>();
    private EventLoopGroup loops;

    @BeforeEach
    void start() {
        assumeTrue(Epoll.isAvailable(), "the load needs epoll");
        loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    }

    @AfterEach
    void stop() throws InterruptedException {
        echoes.forEach(TlsEcho::close);
        if (loops != null) {
            loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
        }
        contexts.forEach(ReferenceCountUtil::release);
    }

    @Test
    void connectsAnewWithFullHandshakesOnly() throws Exception {
        TlsEcho echo = echo("TLSv1.3");

        TlsLoad.Result result = load(echo.port(), "TLSv1.3", false, 64).comeAndGo(4, 40L);

        assertThat(result.connections()).isEqualTo(40);
        assertThat(result.resumed()).isZero();
        assertThat(result.cipher()).isEqualTo("TLSv1.3 TLS_AES_128_GCM_SHA256");
        assertThat(echo.handshakes()).isEqualTo(40);
        assertThat(echo.resumed()).isZero();
    }

    @Test
    void resumesAllButTheFirstOnes() throws Exception {
        TlsEcho echo = echo("TLSv1.3");

        TlsLoad.Result result = load(echo.port(), "TLSv1.3", true, 64).comeAndGo(4, 40L);

        assertThat(result.resumed()).isEqualTo(36);
        assertThat(echo.resumed()).isEqualTo(36);
    }

    @Test
    void speaksTheOlderVersion() throws Exception {
        TlsEcho echo = echo("TLSv1.2");

        TlsLoad.Result result = load(echo.port(), "TLSv1.2", false, 64).comeAndGo(2, 4L);

        assertThat(result.cipher()).isEqualTo("TLSv1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    }

    @Test
    void asksAgainOnConnectionsThatStay() throws Exception {
        TlsEcho echo = echo("TLSv1.3");

        TlsLoad.Result result = load(echo.port(), "TLSv1.3", false, 64 << 10).talk(3, 1);

        assertThat(result.connections()).isEqualTo(3);
        assertThat(result.requests()).isGreaterThan(3);
        assertThat(echo.handshakes()).isEqualTo(3);
    }

    @Test
    void holdsConnectionsUntilTheyAreReleased() throws Exception {
        TlsEcho echo = echo("TLSv1.3");
        TlsLoad load = load(echo.port(), "TLSv1.3", false, 64);

        TlsLoad.Result result = load.hold(4, 20);

        assertThat(result.connections()).isEqualTo(20);
        assertThat(load.release()).isTrue();
    }

    @Test
    void goesWithoutTls() throws Exception {
        TlsEcho echo = TlsEcho.start(loops, null);

        TlsLoad.Result result = load(echo.port(), null, false, 64).comeAndGo(4, 40L);

        assertThat(result.connections()).isEqualTo(40);
        assertThat(echo.handshakes()).isZero();
    }

    @Test
    void failsWhereAnAnswerDiffersFromItsRequest() throws Exception {
        int port = serve(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext context, Object message) {
                ReferenceCountUtil.release(message);
                context.writeAndFlush(context.alloc().buffer().writeZero(64));
            }
        });

        TlsLoad load = load(port, null, false, 64);

        assertThatThrownBy(() -> load.comeAndGo(1, 1L))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("not the request");
    }

    @Test
    void failsWhereAConnectionEndsBeforeItsAnswer() throws Exception {
        int port = serve(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext context, Object message) {
                ReferenceCountUtil.release(message);
                context.close();
            }
        });

        TlsLoad load = load(port, null, false, 64);

        assertThatThrownBy(() -> load.comeAndGo(1, 1L))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("closed before");
    }

    private TlsEcho echo(String version) throws Exception {
        X509Bundle bundle = new CertificateBuilder()
                .subject("CN=" + TlsContexts.NAME)
                .addSanDnsName(TlsContexts.NAME)
                .setIsCertificateAuthority(true)
                .ecp256()
                .buildSelfSigned();
        TlsEcho echo = TlsEcho.start(
                loops, used(TlsContexts.server(bundle.toTempCertChainPem(), bundle.toTempPrivateKeyPem(), version)));
        echoes.add(echo);
        return echo;
    }

    private TlsLoad load(int port, @Nullable String version, boolean resuming, int bytes) throws IOException {
        SslContext context = version == null ? null : used(TlsContexts.client(version, resuming));
        return new TlsLoad(loops.next(), port, context, bytes);
    }

    /** Released when the loops are gone. */
    private SslContext used(SslContext context) {
        contexts.add(context);
        return context;
    }

    private int serve(ChannelInboundHandlerAdapter handler) {
        Channel server = new ServerBootstrap()
                .group(loops)
                .channel(EpollServerSocketChannel.class)
                .childHandler(handler)
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .syncUninterruptibly()
                .channel();
        return ((InetSocketAddress) server.localAddress()).getPort();
    }
}
