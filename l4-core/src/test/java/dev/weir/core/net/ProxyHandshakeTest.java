package dev.weir.core.net;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.Address;
import dev.weir.core.config.ProxyProtocolConfig;
import dev.weir.core.config.ProxyProtocolConfig.Mode;
import dev.weir.core.exchange.Exchanges;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.ProxyHeader;
import dev.weir.core.testkit.FakeClock;
import dev.weir.core.testkit.RecordingExchanges;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The begin of a connection, with time in hand. Headers are those of the specification, or broken on purpose. */
class ProxyHandshakeTest {
    private static final byte[] HELLO = "hello".getBytes(StandardCharsets.US_ASCII);
    private static final String ALL_ONES = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";

    /** A handshake, and what comes of it. */
    private static final class Bed {
        final EmbeddedChannel channel = new EmbeddedChannel();
        final SimpleMeterRegistry meters = new SimpleMeterRegistry();
        final ListenerLoop home;

        @Nullable
        ProxyHeader header;

        boolean passed;
        int released;

        Bed(Mode mode) {
            channel.freezeTime();
            Exchanges exchanges = new RecordingExchanges();
            home = new ListenerLoop(
                    "l",
                    new Loop(0, channel.eventLoop(), exchanges, new FakeClock()),
                    new AtomicLong(),
                    new CoreMetrics(meters),
                    false);
            channel.pipeline()
                    .addLast(new ProxyHandshake(
                            home,
                            new ProxyProtocolConfig(mode, List.of(), Duration.ofSeconds(3)),
                            (of, said) -> {
                                passed = true;
                                header = said;
                                return true;
                            },
                            () -> released++));
        }

        Bed send(byte[] bytes) {
            if (channel.isOpen()) {
                channel.writeInbound(SessionHarness.buffer(bytes));
            }
            return this;
        }

        Bed waits(long millis) {
            channel.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
            channel.runScheduledPendingTasks();
            return this;
        }

        Bed ends() {
            channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
            return this;
        }

        /** What went on behind the handshake. */
        byte[] rest() {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            for (ByteBuf data = channel.readInbound(); data != null; data = channel.readInbound()) {
                all.writeBytes(ByteBufUtil.getBytes(data));
                data.release();
            }
            return all.toByteArray();
        }

        String text() {
            return header == null
                    ? "none"
                    : Address.format(header.source()) + " " + Address.format(header.destination());
        }

        double errors(String reason) {
            var counter = meters.find("weir.proxy.protocol.errors")
                    .tags("listener", "l", "reason", reason)
                    .counter();
            return counter == null ? 0 : counter.count();
        }
    }

    static Stream<Arguments> headers() {
        String path = "2f746d702f6100" + "00".repeat(101);
        return Stream.of(
                Arguments.of(
                        ProxyBytes.line("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443"),
                        "192.168.0.1:56324 192.168.0.11:443"),
                Arguments.of(
                        ProxyBytes.line("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535"),
                        "255.255.255.255:65535 255.255.255.255:65535"),
                Arguments.of(
                        ProxyBytes.line("PROXY TCP6 " + ALL_ONES + " " + ALL_ONES + " 65535 65535"),
                        "[" + ALL_ONES + "]:65535 [" + ALL_ONES + "]:65535"),
                Arguments.of(ProxyBytes.line("PROXY TCP6 2001:db8::1 ::1 4124 443"), "[2001:db8::1]:4124 [::1]:443"),
                Arguments.of(ProxyBytes.line("PROXY UNKNOWN"), " "),
                Arguments.of(ProxyBytes.line("PROXY UNKNOWN " + ALL_ONES + " " + ALL_ONES + " 65535 65535"), " "),
                Arguments.of(ProxyBytes.tcp4().bytes(), "203.0.113.7:40000 198.51.100.1:3306"),
                Arguments.of(
                        ProxyBytes.v2(0x21, 0x12, "cb007107 c6336401 9c40 0cea").bytes(),
                        "203.0.113.7:40000 198.51.100.1:3306"),
                Arguments.of(
                        ProxyBytes.v2(
                                        0x21,
                                        0x21,
                                        "20010db8000000000000000000000001 20010db8000000000000000000000002 9c40 0cea")
                                .bytes(),
                        "[2001:db8::1]:40000 [2001:db8::2]:3306"),
                Arguments.of(ProxyBytes.v2(0x21, 0x31, path + path).bytes(), "unix:/tmp/a unix:/tmp/a"),
                Arguments.of(ProxyBytes.v2(0x21, 0x00, "").bytes(), " "),
                Arguments.of(ProxyBytes.v2(0x21, 0x00, "0102030405").bytes(), " "),
                Arguments.of(ProxyBytes.v2(0x20, 0x00, "").bytes(), "none"),
                Arguments.of(
                        ProxyBytes.v2(0x20, 0x11, "cb007107 c6336401 9c40 0cea").bytes(), "none"));
    }

    @ParameterizedTest
    @MethodSource("headers")
    void readsHeadersHoweverTheyAreCut(byte[] header, String addresses) {
        byte[] all = ProxyBytes.join(header, HELLO);
        for (Mode mode : List.of(Mode.OPTIONAL, Mode.REQUIRED)) {
            for (int cut = 1; cut <= all.length; cut++) {
                Bed bed = new Bed(mode);

                bed.send(Arrays.copyOf(all, cut)).send(Arrays.copyOfRange(all, cut, all.length));

                assertThat(bed.passed).as("cut at %d", cut).isTrue();
                assertThat(bed.text()).isEqualTo(addresses);
                assertThat(bed.rest()).isEqualTo(HELLO);
                assertThat(bed.home.active.get()).isZero();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("headers")
    void readsHeadersThatComeByteByByte(byte[] header, String addresses) {
        Bed bed = new Bed(Mode.REQUIRED);

        for (byte b : header) {
            assertThat(bed.passed).isFalse();
            bed.send(new byte[] {b});
        }

        assertThat(bed.text()).isEqualTo(addresses);
        assertThat(bed.rest()).isEmpty();
    }

    static Stream<Arguments> broken() {
        byte[] badSum = ProxyBytes.tcp4().value(0x03, new byte[] {1, 2, 3, 4}).bytes();
        return Stream.of(
                Arguments.of("malformed", ProxyBytes.line("PROXY TCP4 192.168.0.1 192.168.0.11 56324")),
                Arguments.of("malformed", ProxyBytes.line("PROXY TCP4  192.168.0.1 192.168.0.11 56324 443")),
                Arguments.of("malformed", ProxyBytes.line("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443 ")),
                Arguments.of("malformed", ProxyBytes.line("PROXY TCP4 192.168.0.1 192.168.0.11 056324 443")),
                Arguments.of("malformed", ProxyBytes.line("PROXY TCP4 192.168.0.1 192.168.0.11 65536 443")),
                Arguments.of("malformed", ProxyBytes.line("PROXY TCP4 192.168.0.1 192.168.0.11 -1 443")),
                Arguments.of("malformed", ProxyBytes.line("PROXY TCP4 192.168.0.01 192.168.0.11 56324 443")),
                Arguments.of("malformed", ProxyBytes.line("PROXY TCP4 ::1 ::1 56324 443")),
                Arguments.of("malformed", ProxyBytes.line("PROXY TCP6 192.168.0.1 192.168.0.11 56324 443")),
                Arguments.of("malformed", ProxyBytes.line("PROXY TCP6 [::1] ::1 56324 443")),
                Arguments.of("malformed", ProxyBytes.line("PROXY TCP6 fe80::1%eth0 ::1 56324 443")),
                Arguments.of("malformed", ProxyBytes.line("PROXY UDP4 192.168.0.1 192.168.0.11 56324 443")),
                Arguments.of("malformed", ProxyBytes.line("PROXY ")),
                Arguments.of("malformed", "PROXY UNKNOWN\n".getBytes(StandardCharsets.US_ASCII)),
                Arguments.of("too_long", ("PROXY UNKNOWN " + "a".repeat(93)).getBytes(StandardCharsets.US_ASCII)),
                Arguments.of(
                        "malformed",
                        ProxyBytes.v2(0x11, 0x11, "cb007107 c6336401 9c40 0cea").bytes()),
                Arguments.of(
                        "malformed",
                        ProxyBytes.v2(0x22, 0x11, "cb007107 c6336401 9c40 0cea").bytes()),
                Arguments.of(
                        "malformed",
                        ProxyBytes.v2(0x01, 0x11, "cb007107 c6336401 9c40 0cea").bytes()),
                Arguments.of(
                        "malformed",
                        ProxyBytes.v2(0x21, 0x41, "cb007107 c6336401 9c40 0cea").bytes()),
                Arguments.of(
                        "malformed",
                        ProxyBytes.v2(0x21, 0x13, "cb007107 c6336401 9c40 0cea").bytes()),
                Arguments.of(
                        "malformed",
                        ProxyBytes.v2(0x21, 0x11, "cb007107 c6336401 9c40").bytes()),
                Arguments.of(
                        "malformed",
                        ProxyBytes.v2(0x21, 0x21, "cb007107 c6336401 9c40 0cea").bytes()),
                Arguments.of("malformed", ProxyBytes.v2(0x21, 0x31, "2f61").bytes()),
                Arguments.of("malformed", ProxyBytes.tcp4().raw("02").bytes()),
                Arguments.of("malformed", ProxyBytes.tcp4().raw("02 0005 61").bytes()),
                Arguments.of("malformed", ProxyBytes.tcp4().raw("02 ffff 61").bytes()),
                Arguments.of(
                        "malformed", ProxyBytes.tcp4().value(0x20, new byte[4]).bytes()),
                Arguments.of(
                        "malformed",
                        ProxyBytes.tcp4().raw("20 0008 01 00000000 21 0009").bytes()),
                Arguments.of(
                        "malformed",
                        ProxyBytes.tcp4()
                                .raw("20 000d 01 00000000 20 0005 01 00000000")
                                .bytes()),
                Arguments.of(
                        "too_long",
                        ProxyBytes.tcp4().value(0x30, new byte[4_090]).bytes()),
                Arguments.of("checksum", badSum),
                Arguments.of(
                        "checksum", ProxyBytes.tcp4().value(0x03, new byte[3]).bytes()));
    }

    @ParameterizedTest
    @MethodSource("broken")
    void closesAndCountsWhatIsAgainstTheSpecification(String reason, byte[] header) {
        for (int cut = 1; cut <= header.length; cut = cut < 300 ? cut + 1 : cut + 997) {
            Bed bed = new Bed(Mode.OPTIONAL);

            bed.send(Arrays.copyOf(header, cut)).send(Arrays.copyOfRange(header, cut, header.length));

            assertThat(bed.passed).isFalse();
            assertThat(bed.channel.isOpen()).isFalse();
            assertThat(bed.errors(reason)).isEqualTo(1);
            assertThat(bed.home.closedBy(CloseReason.PROXY_PROTOCOL)).isEqualTo(1);
            assertThat(bed.home.active.get()).isZero();
            assertThat(bed.released).isEqualTo(1);
        }
    }

    @Test
    void keepsValuesAndThoseWithinTls() {
        byte[] header = ProxyBytes.tcp4()
                .value(0x04, new byte[7])
                .value(0x02, "db.example.com")
                .value(0x02, "second.example.com")
                .value(0x05, "id-1")
                .raw("20 0017 07 00000000 21 0007 544c5376312e33 22 0005 636c69656e")
                .value(0xea, new byte[] {1, 2})
                .bytes();
        Bed bed = new Bed(Mode.REQUIRED);

        bed.send(header);

        ProxyHeader got = bed.header;
        assertThat(got).isNotNull();
        assertThat(got.version()).isEqualTo(2);
        assertThat(got.value(ProxyHeader.AUTHORITY)).asString().isEqualTo("db.example.com");
        assertThat(got.value(ProxyHeader.UNIQUE_ID)).asString().isEqualTo("id-1");
        assertThat(got.value(ProxyHeader.SSL_VERSION)).asString().isEqualTo("TLSv1.3");
        assertThat(got.value(ProxyHeader.SSL_CN)).asString().isEqualTo("clien");
        assertThat(got.value(ProxyHeader.SSL)).startsWith(7, 0, 0, 0, 0);
        assertThat(got.value(0xea)).containsExactly(1, 2);
        assertThat(got.value(0x04)).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"PING\r\n", "*1\r\n", "P", "PROXX", "PROXY\t", "\r\n\r\nX", "\0\1\2"})
    void optionalPassesOnWhatIsNoHeader(String bytes) {
        byte[] sent = bytes.getBytes(StandardCharsets.US_ASCII);
        Bed bed = new Bed(Mode.OPTIONAL);

        for (byte b : sent) {
            bed.send(new byte[] {b});
        }
        bed.waits(200).waits(2_800);

        assertThat(bed.passed).isTrue();
        assertThat(bed.header).isNull();
        assertThat(bed.rest()).isEqualTo(sent);
    }

    @Test
    void optionalLooksAtNoMoreBytesThanItHasTo() {
        Bed bed = new Bed(Mode.OPTIONAL);

        bed.send(new byte[] {'*'});

        assertThat(bed.passed).isTrue();
        assertThat(bed.rest()).containsExactly('*');
    }

    @Test
    void optionalLetsTheServerSpeakFirstAfterAMoment() {
        Bed bed = new Bed(Mode.OPTIONAL);

        bed.waits(199);
        boolean before = bed.passed;
        bed.waits(1);

        assertThat(before).isFalse();
        assertThat(bed.passed).isTrue();
        assertThat(bed.header).isNull();
    }

    @Test
    void aHeaderThatHasBegunHasToEndInTime() {
        Bed bed = new Bed(Mode.OPTIONAL);

        bed.send(Arrays.copyOf(ProxyBytes.tcp4().bytes(), 20)).waits(200).waits(2_799);
        boolean open = bed.channel.isOpen();
        bed.waits(1);

        assertThat(open).isTrue();
        assertThat(bed.channel.isOpen()).isFalse();
        assertThat(bed.errors("timeout")).isEqualTo(1);
    }

    @Test
    void requiredClosesWhoSaysNothing() {
        Bed bed = new Bed(Mode.REQUIRED);

        bed.waits(2_999);
        boolean open = bed.channel.isOpen();
        bed.waits(1);

        assertThat(open).isTrue();
        assertThat(bed.channel.isOpen()).isFalse();
        assertThat(bed.errors("timeout")).isEqualTo(1);
        assertThat(bed.released).isEqualTo(1);
    }

    @Test
    void requiredClosesAtTheFirstByteOfSomethingElse() {
        Bed bed = new Bed(Mode.REQUIRED);

        bed.send(new byte[] {'*'});

        assertThat(bed.channel.isOpen()).isFalse();
        assertThat(bed.errors("missing")).isEqualTo(1);
    }

    @Test
    void anEndWithinAHeaderIsCountedAndOneBeforeItIsNot() {
        Bed within = new Bed(Mode.REQUIRED);
        Bed before = new Bed(Mode.REQUIRED);

        within.send(new byte[] {'P'}).ends();
        before.ends();

        assertThat(within.errors("truncated")).isEqualTo(1);
        assertThat(before.errors("truncated")).isZero();
        assertThat(before.home.closedBy(CloseReason.CLIENT_CLOSED)).isEqualTo(1);
        assertThat(within.channel.isOpen() || before.channel.isOpen()).isFalse();
    }

    @Test
    void optionalPassesOnAnEndThatComesEarly() {
        Bed bed = new Bed(Mode.OPTIONAL);

        bed.send(new byte[] {'P', 'R'}).ends();

        assertThat(bed.passed).isTrue();
        assertThat(bed.rest()).containsExactly('P', 'R');
    }

    @Test
    void aResetReleasesWhatWasHeld() {
        Bed bed = new Bed(Mode.REQUIRED);

        bed.send(new byte[] {'P'});
        bed.channel.close();
        bed.channel.runPendingTasks();

        assertThat(bed.released).isEqualTo(1);
        assertThat(bed.home.closedBy(CloseReason.CLIENT_RESET)).isEqualTo(1);
    }

    @Test
    void aShutdownEndsWhoStillWaits() {
        Bed bed = new Bed(Mode.REQUIRED);

        bed.send(new byte[] {'P'});
        bed.home.closeAll(CloseReason.SHUTDOWN);

        assertThat(bed.channel.isOpen()).isFalse();
        assertThat(bed.home.closedBy(CloseReason.SHUTDOWN)).isEqualTo(1);
        assertThat(bed.home.active.get()).isZero();
    }
}
