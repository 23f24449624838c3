package dev.weir.proxy.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Files written by hand after draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng and tcpdump.org/linktypes.html. The packet
 * is a segment from 10.0.0.1:40000 to 10.0.0.2:6379, sequence number 0x01020304, acknowledgement 0x0a0b0c0d, "PING".
 */
class CaptureFormatsTest {
    private static final String TCP = "9c40 18eb 01020304 0a0b0c0d 5018 0200 0000 0000 50494e47";
    private static final String IPV4 = "45 00 002c 0001 4000 40 06 0000 0a000001 0a000002" + TCP;
    private static final String ADDRESSES6 = "20010db8000000000000000000000001 20010db8000000000000000000000002";
    private static final String IPV6 = "60000000 0018 06 40" + ADDRESSES6 + TCP;
    private static final String MACS = "020000000002 020000000001";
    private static final long TIME = 1_767_225_600_123_456_789L;

    @TempDir
    Path folder;

    /** A packet that was read. */
    private record Read(int linkType, long nanos, int length, int wireLength, Dissector.Kind kind, TcpPacket tcp) {}

    private List<Read> read(String hex) throws IOException {
        Path file = Files.write(folder.resolve("capture"), HexFormat.of().parseHex(hex.replace(" ", "")));
        List<Read> all = new ArrayList<>();
        try (CaptureSet set = CaptureSet.open(List.of(file.toString()))) {
            for (CapturedPacket p = set.next(); p != null; p = set.next()) {
                TcpPacket tcp = new TcpPacket();
                Dissector.Kind kind = new Dissector().read(p, tcp);
                all.add(new Read(p.linkType, p.nanos, p.length, p.wireLength, kind, tcp));
            }
            assertThat(set.problems()).isEmpty();
        }
        return all;
    }

    private static String big(int number) {
        return String.format("%08x", number);
    }

    private static String little(int number) {
        return big(Integer.reverseBytes(number));
    }

    private static int bytes(String hex) {
        return hex.replace(" ", "").length() / 2;
    }

    /** A file with one packet, big-endian, microseconds. */
    private static String pcap(int linkType, String packet) {
        return "a1b2c3d4 0002 0004 00000000 00000000 00040000" + big(linkType) + big(0x6955b900) + big(123_456)
                + big(bytes(packet)) + big(bytes(packet)) + packet;
    }

    private static void assertPing(Read read) {
        assertThat(read.kind()).isEqualTo(Dissector.Kind.TCP);
        assertThat(read.tcp().sourcePort).isEqualTo(40_000);
        assertThat(read.tcp().targetPort).isEqualTo(6379);
        assertThat(read.tcp().seq).isEqualTo(0x01020304);
        assertThat(read.tcp().ack).isEqualTo(0x0a0b0c0d);
        assertThat(read.tcp().flags).isEqualTo(TcpPacket.ACK | 8);
        assertThat(read.tcp().length).isEqualTo(4);
        assertThat(read.tcp().captured).isEqualTo(4);
    }

    @ParameterizedTest
    @CsvSource({
        // magic in the file, its other numbers, the unit of the fraction
        "a1b2c3d4, true, 1000",
        "a1b23c4d, true, 1",
        "d4c3b2a1, false, 1000",
        "4d3cb2a1, false, 1"
    })
    void readsPcapInBothOrdersAndUnits(String magic, boolean big, int unit) throws Exception {
        int size = bytes(IPV4);
        int fraction = 123_456_789 / unit;
        String header = big ? "0002 0004" : "0200 0400";
        String rest = "";
        for (int number : new int[] {0, 0, 65_535, 101, 0x6955b900, fraction, size, size + 9}) {
            rest += big ? big(number) : little(number);
        }

        List<Read> all = read(magic + header + rest + IPV4);

        assertThat(all).hasSize(1);
        assertPing(all.get(0));
        assertThat(all.get(0).nanos()).isEqualTo(TIME / unit * unit);
        assertThat(all.get(0).length()).isEqualTo(size);
        assertThat(all.get(0).wireLength()).isEqualTo(size + 9);
    }

    @ParameterizedTest
    @CsvSource({
        // Ethernet; VLAN; QinQ; the older QinQ; padded to the least length of a frame
        "1, " + MACS + "0800, ''",
        "1, " + MACS + "8100 0064 0800, ''",
        "1, " + MACS + "88a8 0064 8100 00c8 0800, ''",
        "1, " + MACS + "9100 0064 8100 00c8 0800, ''",
        "1, " + MACS + "0800, 000000000000",
        // Linux cooked: to us, Ethernet, 6 bytes of address; version 2: protocol, interface 2
        "113, 0000 0001 0006 020000000001 0000 0800, ''",
        "276, 0800 0000 00000002 0001 00 06 020000000001 0000, ''",
        // loopback: the family in the order of the host that wrote it, and in network order
        "0, 02000000, ''",
        "0, 00000002, ''",
        "108, 00000002, ''",
        // raw IP
        "101, '', ''",
        "12, '', ''",
        "14, '', ''",
        "228, '', ''"
    })
    void findsTcpBelowEachLinkLayer(int linkType, String before, String after) throws Exception {
        assertPing(read(pcap(linkType, before + IPV4 + after)).get(0));
    }

    @ParameterizedTest
    @CsvSource({
        "1, " + MACS + "86dd",
        "113, 0000 0001 0006 020000000001 0000 86dd",
        "276, 86dd 0000 00000002 0001 00 06 020000000001 0000",
        "0, 1e000000",
        "0, 0000000a",
        "101, ''",
        "229, ''"
    })
    void findsTcpInIpv6(int linkType, String before) throws Exception {
        Read read = read(pcap(linkType, before + IPV6)).get(0);
        assertPing(read);
        assertThat(read.tcp().sourceHigh).isEqualTo(0x20010db800000000L);
        assertThat(read.tcp().sourceLow).isEqualTo(1);
        assertThat(read.tcp().targetLow).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({
        // options of IP and of TCP
        "47 00 0038 0001 4000 40 06 0000 0a000001 0a000002 9404000001010101"
                + "9c40 18eb 01020304 0a0b0c0d 6018 0200 0000 0000 01010100 50494e47",
        // hop-by-hop, routing, destination options, an atomic fragment
        "60000000 0038 00 40" + ADDRESSES6 + "2b 00 010400000000 3c 00 000000000000 2c 00 010400000000"
                + "06 00 0000 00000007" + TCP,
        // authentication header: (4 + 2) words
        "60000000 0030 33 40" + ADDRESSES6 + "06 04 0000 00000001 00000001 000000000000000000000000" + TCP,
        // before the network card has cut it: no length
        "45 00 0000 0001 4000 40 06 0000 0a000001 0a000002" + TCP,
        "60000000 0000 06 40" + ADDRESSES6 + TCP
    })
    void walksOptionsAndExtensions(String packet) throws Exception {
        assertPing(read(pcap(101, packet)).get(0));
    }

    @ParameterizedTest
    @CsvSource({
        // IPv4: more fragments, a later one; IPv6: a later one
        "101, FRAGMENT, 45 00 002c 0001 2000 40 06 0000 0a000001 0a000002" + TCP,
        "101, FRAGMENT, 45 00 002c 0001 0007 40 06 0000 0a000001 0a000002" + TCP,
        "101, FRAGMENT, 60000000 0020 2c 40" + ADDRESSES6 + "06 00 0008 00000007" + TCP,
        // UDP, ARP, no IP, ICMPv6
        "101, OTHER, 45 00 001c 0001 4000 40 11 0000 0a000001 0a000002 0035 0035 0008 0000",
        "1, OTHER, " + MACS + "0806 0001080006040001",
        "101, OTHER, 00",
        "101, OTHER, 60000000 0004 3a 40" + ADDRESSES6 + "80000000",
        // too short to know; headers that contradict themselves
        "101, UNREADABLE, 45 00 002c 0001 4000 40 06 0000 0a000001 0a000002 9c40 18eb",
        "101, UNREADABLE, 42 00 002c 0001 4000 40 06 0000 0a000001 0a000002" + TCP,
        "101, UNREADABLE, 45 00 0020 0001 4000 40 06 0000 0a000001 0a000002" + TCP,
        "101, UNREADABLE, 45 00 002c 0001 4000 40 06 0000 0a000001 0a000002 9c40 18eb 01020304 0a0b0c0d 4018 0200 00000000",
        "101, UNREADABLE, 60000000 0018 06 40",
        "1, UNREADABLE, " + MACS + "8100 00",
        "101, UNREADABLE, ''",
        // 802.11
        "105, UNKNOWN_LINK, 0800"
    })
    void saysWhatIsNoSegment(int linkType, Dissector.Kind kind, String packet) throws Exception {
        assertThat(read(pcap(linkType, packet)).get(0).kind()).isEqualTo(kind);
    }

    @Test
    void knowsWhatTheSnapLengthCutOff() throws Exception {
        String packet = IPV4.substring(0, IPV4.length() - 6);
        Read read = read("a1b2c3d4 0002 0004 00000000 00000000 00000029 00000065 6955b900 00000000" + big(bytes(packet))
                        + big(bytes(IPV4)) + packet)
                .get(0);
        assertThat(read.kind()).isEqualTo(Dissector.Kind.TCP);
        assertThat(read.tcp().length).isEqualTo(4);
        assertThat(read.tcp().captured).isEqualTo(1);
    }

    private static final String SHB = "0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c";
    private static final String SHB_LITTLE = "0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000";
    /** Raw IP, no snap length, microseconds as nothing else is said. */
    private static final String IDB = "00000001 00000014 0065 0000 00000000 00000014";

    private static String enhanced(int interfaceNumber, long stamp) {
        return "00000006 0000004c" + big(interfaceNumber) + String.format("%016x", stamp) + "0000002c 0000002c" + IPV4
                + "0000004c";
    }

    @Test
    void readsEachKindOfPacketBlock() throws Exception {
        // an unknown block, a block of statistics, and options behind the packet
        String more = "00000bad 00000010 00000007 00000010 00000005 0000000c 0000000c";
        String withOptions = "00000006 00000054 00000000 00064749" + "d7c0d240" + "0000002c 0000002c" + IPV4
                + "0002 0004 00000001 00000054";
        String old = "00000002 0000004c 0000 0003 00064749 d7c0d240 0000002c 0000002c" + IPV4 + "0000004c";
        String simple = "00000003 0000003c 0000002c" + IPV4 + "0000003c";

        List<Read> all = read(SHB + IDB + more + enhanced(0, TIME / 1000) + withOptions + old + simple);

        assertThat(all).hasSize(4).allSatisfy(CaptureFormatsTest::assertPing);
        assertThat(all.get(0).nanos()).isEqualTo(TIME / 1000 * 1000);
        assertThat(all.get(1).nanos()).isEqualTo(0x00064749d7c0d240L * 1000);
        assertThat(all.get(2).nanos()).isEqualTo(0x00064749d7c0d240L * 1000);
        assertThat(all.get(3).nanos())
                .as("the last time, as it has none")
                .isEqualTo(all.get(2).nanos());
    }

    @Test
    void readsSectionsOfBothOrdersAndSeveralInterfaces() throws Exception {
        // nanoseconds; Ethernet with 2^-20 seconds, 100 seconds later
        String nanos = "00000001 00000020 0065 0000 00000000 0009 0001 09000000 0000 0000 00000020";
        String binary = "00000001 0000002c 0001 0000 00000000 0009 0001 94000000"
                + "000e 0008 0000000000000064 0000 0000 0000002c";
        String frame = MACS + "0800" + IPV4;
        String second = "00000006 0000005c 00000001 00000000 00180000 0000003a 0000003a" + frame + "0000 0000005c";
        String little = SHB_LITTLE + "01000000 14000000 6500 0000 00000000 14000000"
                + "06000000 4c000000 00000000 00000000 40420f00 2c000000 2c000000" + IPV4 + "4c000000";

        List<Read> all = read(SHB + nanos + binary + enhanced(0, TIME) + second + little);

        assertThat(all).hasSize(3).allSatisfy(CaptureFormatsTest::assertPing);
        // Merged by time is what several files are; one file stays in its order.
        assertThat(all.get(0).nanos()).isEqualTo(TIME);
        assertThat(all.get(1).linkType()).isEqualTo(1);
        assertThat(all.get(1).nanos()).isEqualTo(101_500_000_000L);
        assertThat(all.get(2).nanos()).isEqualTo(1_000_000_000L);
    }

    @Test
    void cutsSimplePacketsAtTheSnapLength() throws Exception {
        String idb = "00000001 00000014 0065 0000 00000029 00000014";
        String simple = "00000003 0000003c 0000002c" + IPV4 + "0000003c";
        Read read = read(SHB + idb + simple).get(0);
        assertThat(read.length()).isEqualTo(0x29);
        assertThat(read.tcp().captured).isEqualTo(1);
        assertThat(read.tcp().length).isEqualTo(4);
    }

    @ParameterizedTest
    @CsvSource({
        "6, 0, 1767225600123456, 1767225600123456000",
        "9, 0, 1767225600123456789, 1767225600123456789",
        "0, 0, 1767225600, 1767225600000000000",
        "3, -1767225600, 1767225600500, 500000000",
        "12, 0, 1500000000000, 1500000000",
        "128, 5, 2, 7000000000",
        "130, 0, 7, 1750000000",
        "160, 0, 6442450944, 1500000000",
        "191, 0, 9223372036854775807, 999999999",
        "127, 0, 1, 0",
        "255, 0, 1, 0"
    })
    void knowsUnitsOfTime(int unit, long offset, long stamp, long nanos) {
        assertThat(new TimeUnits(unit, offset).nanos(stamp)).isEqualTo(nanos);
    }

    @Test
    void keepsTimesInRange() {
        for (int unit = 0; unit < 256; unit++) {
            for (long stamp : new long[] {0, 1, Long.MAX_VALUE, Long.MIN_VALUE, -1}) {
                for (long offset : new long[] {0, Long.MAX_VALUE, Long.MIN_VALUE}) {
                    assertThat(new TimeUnits(unit, offset).nanos(stamp))
                            .as("%d %d %d", unit, stamp, offset)
                            .isNotNegative();
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''|empty",
                "a1b2|too short",
                "a1b2c3d4 0002|ends in the middle of a packet, at byte 6",
                "1f8b0800 00000000|compressed with gzip",
                "25504446 2d312e34|begins with the bytes 25504446",
                "0a0d0d0a 0000001c 12345678 0001 0000 ffffffffffffffff 0000001c|section without byte order",
                "0a0d0d0a 0000000c 1a2b3c4d|section header of 12 bytes"
            })
    void refusesWhatIsNoCapture(String hex, String expected) {
        assertThatThrownBy(() -> read(hex))
                .isInstanceOf(CaptureException.class)
                .hasMessageContaining(folder.resolve("capture") + ": ")
                .hasMessageContaining(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "00000006 0000000c 0000000c|packet block of 12 bytes (expected: at least 32)",
                "00000006 00000007|block of 7 bytes",
                "00000006 00000020 00000001 00000000 00000000 00000000 00000000 00000020|packet of interface 1",
                "00000006 00000020 00000000 00000000 00000000 00000040 00000040 00000020|packet of 64 bytes",
                "00000bad 00000010 00000007 00000014|block ends with length 20 (expected: 16",
                "00000001 00000010 00000007 00000010|interface no. 1 of 4 bytes",
                "00000006 0000004c 00000000|ends in the middle"
            })
    void saysWhereAFileBreaks(String block, String expected) throws Exception {
        String hex = SHB + IDB + enhanced(0, 0) + block;
        Path file = Files.write(folder.resolve("broken"), HexFormat.of().parseHex(hex.replace(" ", "")));
        try (CaptureSet set = CaptureSet.open(List.of(file.toString()))) {
            assertThat(set.next()).isNotNull();
            assertThat(set.next()).isNull();
            assertThat(set.problems()).hasSize(1);
            assertThat(set.problems().get(0)).startsWith(file + ": ").contains(expected, "byte 1");
            assertThat(set.broken()).isEqualTo(!expected.startsWith("ends in"));
        }
    }
}
