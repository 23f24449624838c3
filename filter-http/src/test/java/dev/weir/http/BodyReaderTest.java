package dev.weir.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bodies in any pieces, garbage, and bodies that are meant to fill memory. */
class BodyReaderTest {
    private static final String CBOR = "application/cbor";
    private static final long MEGABYTE = 1 << 20;

    private final ObservationBed bed = new ObservationBed(Map.of("dynamodb", true));

    /** Writes down what it is told. */
    private static final class Listing implements TokenSink {
        final List<String> seen = new ArrayList<>();
        int longest;

        @Override
        public void begin(boolean map, String name) {
            seen.add(name + (map ? "{" : "["));
        }

        @Override
        public void end() {
            seen.add("end");
        }

        @Override
        public void value(String name, Token token) {
            if (token.isText()) {
                longest = Math.max(longest, token.text().length());
                seen.add(name + "=" + token.name());
            } else {
                seen.add(name + (token.isNumber() ? "#" + token.number() : token.isTrue() ? "=true" : "=?"));
            }
        }
    }

    private BodyReader reader(@Nullable String type, long limit, TokenSink sink) {
        return BodyReader.of(bed.loop(), limit, type, null, sink);
    }

    private Listing read(@Nullable String type, byte[] body, int piece) {
        Listing listing = new Listing();
        BodyReader reader = reader(type, MEGABYTE, listing);
        for (int at = 0; at < body.length; at += piece) {
            reader.read(Unpooled.wrappedBuffer(body, at, Math.min(piece, body.length - at)));
        }
        reader.finish();
        listing.seen.add(reader.isWhole() ? "whole" : String.valueOf(reader.loss()));
        return listing;
    }

    @Test
    void tellsTheTokensOfJson() {
        byte[] body =
                "{\"a\":[1,-2.5e3,\"x\\u00e9\\\"y\",{}],\"b\":{\"c\":true,\"d\":null}}\n{\"a\":0}".getBytes(UTF_8);

        for (int piece = 1; piece <= body.length; piece++) {
            assertThat(read(null, body, piece).seen)
                    .containsExactly(
                            "{",
                            "a[",
                            "#1.0",
                            "#-2500.0",
                            "=xé\"y",
                            "{",
                            "end",
                            "end",
                            "b{",
                            "c=true",
                            "d=?",
                            "end",
                            "end",
                            "{",
                            "a#0.0",
                            "end",
                            "whole");
        }
    }

    /** Examples of RFC 8949, appendix A. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "00 | #0.0",
                "1818 | #24.0",
                "1903e8 | #1000.0",
                "1b000000e8d4a51000 | #1.0E12",
                "20 | #-1.0",
                "3903e7 | #-1000.0",
                "1bffffffffffffffff | #1.8446744073709552E19",
                "f93c00 | #1.0",
                "f97bff | #65504.0",
                "f90200 | #3.0517578125E-5",
                "f90400 | #6.103515625E-5",
                "f9c400 | #-4.0",
                "fa47c35000 | #100000.0",
                "fb3ff199999999999a | #1.1",
                "f97c00 | #Infinity",
                "f4 | =?",
                "f5 | =true",
                "f6 | =?",
                "f7 | =?",
                "f8ff | =?",
                "c11a514b67b0 | #1.36389624E9",
                "60 | =",
                "6161 | =a",
                "62c3bc | =ü",
                "64f0908591 | =𐅑",
                "40 | =?",
                "4401020304 | =?",
                "80 | [ end",
                "83010203 | [ #1.0 #2.0 #3.0 end",
                "a0 | { end",
                "8301820203820405 | [ #1.0 [ #2.0 #3.0 end [ #4.0 #5.0 end end",
                "a26161016162820203 | { a#1.0 b[ #2.0 #3.0 end end",
                "a201020304 | { #2.0 #4.0 end",
                "5f42010243030405ff | =?",
                "7f657374726561646d696e67ff | =streaming",
                "9fff | [ end",
                "9f018202039f0405ffff | [ #1.0 [ #2.0 #3.0 end [ #4.0 #5.0 end end",
                "bf61610161629f0203ffff | { a#1.0 b[ #2.0 #3.0 end end",
                "826161bf61626163ff | [ =a { b=c end end",
                "bf6346756ef563416d7421ff | { Fun=true Amt#-2.0 end"
            })
    void tellsTheTokensOfCbor(String example) {
        String hex = example.substring(0, example.indexOf(' '));
        byte[] body = java.util.HexFormat.of().parseHex(hex);

        for (int piece = 1; piece <= body.length; piece++) {
            assertThat(String.join(" ", read(CBOR, body, piece).seen))
                    .isEqualTo(example.substring(example.indexOf('|') + 2) + " whole");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ff",
                "1c",
                "1f",
                "a1ff",
                "bf6161ff",
                "7f01ff",
                "7f5f6161ffff",
                "a180f4",
                "5b8000000000000000",
                "9bffffffffffffffff"
            })
    void brokenCborIsMalformed(String hex) {
        assertThat(read(CBOR, java.util.HexFormat.of().parseHex(hex), 1).seen).endsWith("MALFORMED");
    }

    @ParameterizedTest
    @ValueSource(strings = {"18", "62c3", "8201", "a16161", "9f01", "7f6161"})
    void cborThatEndsTooSoonIsNotWhole(String hex) {
        assertThat(read(CBOR, java.util.HexFormat.of().parseHex(hex), 1).seen).endsWith("MALFORMED");
    }

    @Test
    void nestingIsLimited() {
        assertThat(read(null, "[".repeat(100_000).getBytes(UTF_8), 1_000).seen)
                .hasSizeLessThan(100)
                .endsWith("MALFORMED");
        byte[] deep = new byte[100_000];
        java.util.Arrays.fill(deep, (byte) 0x81);
        assertThat(read(CBOR, deep, 1_000).seen).hasSizeLessThan(100).endsWith("MALFORMED");
    }

    @Test
    void longTextsAreCutBetweenCharacters() {
        for (int shift = 0; shift < 6; shift++) {
            for (String filling : new String[] {"x", "ä", "€", "😀", "\\n", "\\u00e4", "\\ud83d\\ude00", "\\\\"}) {
                String text = "y".repeat(shift) + filling.repeat(20_000);
                byte[] body = ("[\"" + text + "\",\"next\"]").getBytes(UTF_8);

                Listing listing = read(null, body, 1_021);

                assertThat(listing.seen).as(filling).endsWith("=next", "end", "whole");
                assertThat(listing.longest).isLessThanOrEqualTo(Token.LONGEST + 1);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void garbageIsMalformedAtWorst(boolean cbor) {
        byte[] sample =
                ("{\"TableName\":\"t\",\"RequestItems\":{\"t\":{\"Keys\":[{\"a\":{\"S\":\"v\"}},{\"b\":{\"N\":\"1.5\"}}]}},"
                                + "\"ConsumedCapacity\":[{\"TableName\":\"t\",\"CapacityUnits\":1.5,\"Table\":{\"CapacityUnits\":1}}]}")
                        .getBytes(UTF_8);
        byte[] good = cbor ? Cbor.of(sample, true) : sample;
        Random random = new Random(7);
        int whole = 0;
        for (int round = 0; round < 30_000; round++) {
            byte[] body = round % 3 == 0 ? new byte[random.nextInt(200)] : good.clone();
            if (round % 3 == 0) {
                random.nextBytes(body);
            } else {
                for (int i = random.nextInt(4); i >= 0; i--) {
                    body[random.nextInt(body.length)] = (byte) random.nextInt();
                }
            }
            PathSink sink = round % 2 == 0
                    ? new DynamoResponse(bed.loop().texts)
                    : round % 5 == 0 ? new ElasticResponse() : new DynamoRequest(bed.loop(), true);
            BodyReader reader = reader(cbor ? CBOR : null, MEGABYTE, sink);
            reader.read(Unpooled.wrappedBuffer(body));
            reader.finish();
            whole += reader.isWhole() ? 1 : 0;
        }
        assertThat(whole).isBetween(100, 29_000);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "deflate", "zstd", "br"})
    void compressedGarbageIsLostAtWorst(String encoding) {
        Random random = new Random(3);
        for (int round = 0; round < 3_000; round++) {
            byte[] body = new byte[random.nextInt(300)];
            random.nextBytes(body);
            byte[] magic = encoding.equals("gzip")
                    ? new byte[] {0x1f, (byte) 0x8b, 8}
                    : new byte[] {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd};
            System.arraycopy(magic, 0, body, 0, Math.min(body.length, encoding.equals("deflate") ? 0 : magic.length));
            BodyReader reader =
                    BodyReader.of(bed.loop(), MEGABYTE, null, encoding, new DynamoResponse(bed.loop().texts));
            reader.read(Unpooled.wrappedBuffer(body));
            reader.finish();
            reader.close();
            assertThat(reader.isWhole()).isFalse();
        }
        assertThat(bed.loop().inflaters.taken()).isZero();
    }

    /** A string of 100 MB, as text, in a member's name, as a number, as blanks, and as text of CBOR. */
    @ParameterizedTest
    @ValueSource(strings = {"{\"a\":\"|x", "{\"|x", "[1|1", "| ", "{\"a\":\"|\\u0041", "[\"|\u00e4"})
    void aHugeBodyCostsLittle(String begin) {
        String[] parts = begin.split("\\|", -1);
        assertCostsLittle(null, parts[0].getBytes(UTF_8), parts[1]);
    }

    @Test
    void aHugeTextOfCborCostsLittle() {
        assertCostsLittle(CBOR, new byte[] {0x7a, 0x06, 0x40, 0, 0}, "x");
        assertCostsLittle(CBOR, new byte[] {0x5a, 0x06, 0x40, 0, 0}, "x");
    }

    private void assertCostsLittle(@Nullable String type, byte[] begin, String filling) {
        // Not watched for leaks: what the detector notes would be counted here.
        UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, true);
        ByteBuf piece = allocator.directBuffer(16_384);
        byte[] unit = filling.getBytes(UTF_8);
        while (piece.readableBytes() < 16_384 - unit.length) {
            piece.writeBytes(unit);
        }
        ByteBuf first = allocator.directBuffer(16).writeBytes(begin);
        bed.loop();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        Listing listing = new Listing();
        BodyReader other = reader(type, 1L << 40, listing); // loads classes, makes what parsers share
        other.read(first);
        other.read(piece);
        other.close();

        long before = threads.getCurrentThreadAllocatedBytes();
        BodyReader reader = reader(type, 1L << 40, listing);
        reader.read(first);
        for (int i = 0; i < 100 * 64; i++) {
            reader.read(piece);
        }
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;

        assertThat(allocated).isLessThan(MEGABYTE);
        reader.close();
        piece.release();
        first.release();
    }
}
