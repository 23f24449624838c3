package dev.weir.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.ratelimit.RateLimitService.Entry;
import dev.weir.core.ratelimit.RateLimitService.Reply;
import dev.weir.core.ratelimit.RateLimitService.Result;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RateLimitMessagesTest {
    private static String request(String domain, List<List<Entry>> descriptors, int hits) {
        ByteBuf out = Unpooled.buffer();
        RateLimitMessages.writeRequest(out, domain, descriptors, hits);
        return ByteBufUtil.hexDump(out);
    }

    private static Reply reply(String message) {
        byte[] bytes = HexFormat.of().parseHex(message);
        ByteBuf in = Unpooled.buffer().writeByte(0).writeInt(bytes.length).writeBytes(bytes);
        return RateLimitMessages.readReply(in);
    }

    /** Field by field as in the encoding's specification. */
    @Test
    void writesTheRequest() {
        String entryA = "0a06" + "0a0161" + "120162";
        String entryB = "0a07" + "0a02c3bc" + "120163";
        String descriptor = "1211" + entryA + entryB;

        assertThat(request("d", List.of(List.of(new Entry("a", "b"), new Entry("ü", "c"))), 1))
                .isEqualTo("00" + "00000016" + "0a0164" + descriptor);
        assertThat(request("d", List.of(List.of(new Entry("a", "b"))), 300))
                .isEqualTo("00" + "00000010" + "0a0164" + "1208" + entryA + "18ac02");
    }

    @Test
    void writesLengthsOfSeveralBytes() {
        String value = "v".repeat(200);

        String request = request("d", List.of(List.of(new Entry("k", value))), 1);

        assertThat(request).startsWith("00" + "000000d7" + "0a0164" + "12d101" + "0ace01" + "0a016b" + "12c801" + "76");
        assertThat(request).hasSize(2 * (5 + 0xd7));
    }

    @Test
    void readsWhichDescriptorsAreOver() {
        assertThat(reply("0801")).isEqualTo(new Reply(Result.OK, 0));
        Reply over = reply("0802" + "12020801" + "12020802" + "1200" + "1206" + "0802" + "12020a00");

        assertThat(over.result()).isEqualTo(Result.OVER_LIMIT);
        assertThat(List.of(over.over(0), over.over(1), over.over(2), over.over(3)))
                .containsExactly(false, true, false, true);
    }

    @Test
    void skipsWhatItDoesNotKnow() {
        assertThat(reply("1a03010203" + "2d01020304" + "310102030405060708" + "0801" + "7005").result())
                .isEqualTo(Result.OK);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0800", "0803", "08", "1205", "12ffffffff0f", "0b", "ffffffffffffffffffffff", "120308"})
    void refusesWhatIsNoAnswer(String message) {
        assertThatThrownBy(() -> reply(message)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void refusesFramesThatAreNotOneMessage() {
        for (String frame : List.of("", "0000000002080", "010000000208010", "00000000030801", "000000000108010")) {
            byte[] bytes = HexFormat.of().parseHex(frame.length() % 2 == 0 ? frame : frame + "0");

            assertThatThrownBy(() -> RateLimitMessages.readReply(Unpooled.wrappedBuffer(bytes)))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void anyBytesAreReadOrRefused() {
        Random random = new Random(13);
        for (int i = 0; i < 200_000; i++) {
            byte[] bytes = new byte[random.nextInt(24)];
            random.nextBytes(bytes);
            ByteBuf in = Unpooled.buffer().writeByte(0).writeInt(bytes.length).writeBytes(bytes);
            try {
                assertThat(RateLimitMessages.readReply(in).result()).isIn(Result.OK, Result.OVER_LIMIT);
            } catch (IllegalArgumentException e) {
                assertThat(e.getMessage()).isNotEmpty();
            }
        }
    }
}
