package dev.weir.core.discovery;

import static dev.weir.core.discovery.DnsServer.alias;
import static dev.weir.core.discovery.DnsServer.ip;
import static dev.weir.core.discovery.DnsServer.srv;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.discovery.DnsServer.Entry;
import dev.weir.core.discovery.DnsServer.Mood;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.handler.codec.dns.DnsRecordType;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Single questions to a server of names. */
class DnsLookupTest {
    private static final String NAME = "db.example.test";

    private final EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final DnsServer server = new DnsServer();
    private final DnsLookup lookup = new DnsLookup(
            group.next(),
            new DnsSettings(
                    List.of(server.socketAddress()),
                    List.of(DnsRecordType.A),
                    Duration.ofSeconds(20),
                    Duration.ofSeconds(1),
                    Duration.ofSeconds(1),
                    null));

    @AfterEach
    void close() {
        lookup.close();
        server.close();
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private DnsAnswer<String> hex(String name) throws Exception {
        return lookup.ask(name, DnsRecordType.A, ByteBufUtil::hexDump).get(60, TimeUnit.SECONDS);
    }

    private DnsAnswer<SrvRecord> services() throws Exception {
        return lookup.ask(NAME, DnsRecordType.SRV, SrvRecord::read).get(60, TimeUnit.SECONDS);
    }

    @Test
    void anAnswerIsGoodForItsShortestTtlAliasesIncluded() throws Exception {
        server.set(
                NAME,
                alias(NAME, 7, "a.example.test"),
                ip("a.example.test", 3_600, "10.0.0.1"),
                ip("a.example.test", 1_800, "10.0.0.2"));

        DnsAnswer<String> answer = hex(NAME);

        assertThat(answer.records()).containsExactly("0a000001", "0a000002");
        assertThat(answer.ttl()).isEqualTo(7);
    }

    @Test
    void leavesOutRecordsOfOtherNames() throws Exception {
        server.set(NAME, ip(NAME, 5, "10.0.0.1"), ip("evil.example.test", 5, "10.6.6.6"));

        assertThat(hex(NAME).records()).containsExactly("0a000001");
    }

    @Test
    void namesAreTheSameInAnyCaseAndWithALastDot() throws Exception {
        server.set(NAME, ip("DB.Example.TEST", 5, "10.0.0.1"));

        assertThat(hex("Db.eXample.test.").records()).containsExactly("0a000001");
    }

    @Test
    void tellsWhatIsNotThereFromWhatCannotBeKnown() throws Exception {
        server.set(NAME);
        assertThat(hex(NAME).kind()).isEqualTo(DnsAnswer.Kind.NONE);

        server.forget(NAME);
        assertThat(hex(NAME).kind()).isEqualTo(DnsAnswer.Kind.NONE);

        server.mood(NAME, Mood.REFUSED);
        assertThat(hex(NAME))
                .returns(DnsAnswer.Kind.FAILED, DnsAnswer::kind)
                .returns(server.address() + " answers Refused(5) for " + NAME, DnsAnswer::reason);
    }

    @Test
    void aPartOfTheAnswerIsNone() throws Exception {
        server.set(NAME, ip(NAME, 5, "10.0.0.1"), ip(NAME, 5, "10.0.0.2"));
        server.mood(NAME, Mood.TRUNCATE);
        server.closeTcp();

        assertThat(hex(NAME).kind()).isEqualTo(DnsAnswer.Kind.FAILED);
    }

    @Test
    void readsServiceRecords() throws Exception {
        server.set(NAME, srv(NAME, 9, new int[] {1, 65_535, 6379}, "R1.example.test"));

        assertThat(services().records()).containsExactly(new SrvRecord(1, 65_535, 6379, "r1.example.test"));
    }

    @Test
    void readsServiceRecordsWithCompressedNames() throws Exception {
        // Offset 12 is the name in the question (RFC 1035 4.1.4): "r1" followed by it.
        byte[] data = ByteBufUtil.decodeHexDump("0000" + "000a" + "18eb" + "027231" + "c00c");
        server.set(NAME, new Entry(NAME, DnsRecordType.SRV, 9, data));

        assertThat(services().records()).containsExactly(new SrvRecord(0, 10, 6379, "r1." + NAME));
    }

    @Test
    void malformedServiceRecordsAreAFailure() throws Exception {
        for (String hex :
                List.of("", "0000", "000000000001", "00000000000140", "000000000001c0ff", "0000000000013f61")) {
            server.set(NAME, new Entry(NAME, DnsRecordType.SRV, 9, ByteBufUtil.decodeHexDump(hex)));

            assertThat(services().kind()).as(hex).isEqualTo(DnsAnswer.Kind.FAILED);
        }
    }

    @Test
    void anyBytesAreARecordOrNone() {
        Random random = new Random(6);
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = new byte[random.nextInt(40)];
            random.nextBytes(bytes);
            ByteBuf data = Unpooled.wrappedBuffer(bytes);

            SrvRecord record = SrvRecord.read(data);

            assertThat(record == null || record.target().length() < 10_000).isTrue();
        }
    }

    @Test
    void namesThatCannotBeAreNotAskedFor() throws Exception {
        for (String name : List.of("", ".", "a..b", ".a", "a".repeat(64) + ".test", "a.".repeat(130) + "test")) {
            assertThat(DnsLookup.askable(name)).as(name).isFalse();
            assertThat(hex(name).kind()).as(name).isEqualTo(DnsAnswer.Kind.FAILED);
        }
    }
}
