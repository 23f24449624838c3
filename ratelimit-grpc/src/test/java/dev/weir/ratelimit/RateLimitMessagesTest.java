package dev.weir.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.ratelimit.RateLimitService.Entry;
import dev.weir.core.ratelimit.RateLimitService.Reply;
import dev.weir.core.ratelimit.RateLimitService.Result;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RateLimitMessagesTest {
    private static String request(String domain, List<List<Entry>> descriptors, int hits) {
        return HexFormat.of()
                .formatHex(RateLimitMessages.write(new RateLimitMessages.Request(domain, descriptors, hits)));
    }

    private static Reply reply(String message) throws IOException {
        return RateLimitMessages.read(new ByteArrayInputStream(HexFormat.of().parseHex(message)));
    }

    /** Field by field as in the encoding's specification. */
    @Test
    void writesTheRequest() {
        String entryA = "0a06" + "0a0161" + "120162";
        String entryB = "0a07" + "0a02c3bc" + "120163";
        String descriptor = "1211" + entryA + entryB;

        assertThat(request("d", List.of(List.of(new Entry("a", "b"), new Entry("ü", "c"))), 1))
                .isEqualTo("0a0164" + descriptor);
        assertThat(request("d", List.of(List.of(new Entry("a", "b"))), 300))
                .isEqualTo("0a0164" + "1208" + entryA + "18ac02");
    }

    @Test
    void writesLengthsOfSeveralBytes() {
        String value = "v".repeat(200);

        String request = request("d", List.of(List.of(new Entry("k", value))), 1);

        assertThat(request).startsWith("0a0164" + "12d101" + "0ace01" + "0a016b" + "12c801" + "76");
        assertThat(request).hasSize(2 * 0xd7);
    }

    @Test
    void readsWhichDescriptorsAreOver() throws IOException {
        assertThat(reply("0801")).isEqualTo(new Reply(Result.OK, 0));
        Reply over = reply("0802" + "12020801" + "12020802" + "1200" + "1206" + "0802" + "12020a00");

        assertThat(over.result()).isEqualTo(Result.OVER_LIMIT);
        assertThat(List.of(over.over(0), over.over(1), over.over(2), over.over(3)))
                .containsExactly(false, true, false, true);
    }

    @Test
    void skipsWhatItDoesNotKnow() throws IOException {
        assertThat(reply("1a03010203" + "2d01020304" + "310102030405060708" + "0801" + "7005")
                        .result())
                .isEqualTo(Result.OK);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0800", "0803", "08", "1205", "12ffffffff0f", "0b", "ffffffffffffffffffffff", "120308"})
    void refusesWhatIsNoAnswer(String message) {
        assertThatThrownBy(() -> reply(message)).isInstanceOf(IOException.class);
    }

    @Test
    void anyBytesAreReadOrRefused() {
        Random random = new Random(13);
        for (int i = 0; i < 200_000; i++) {
            byte[] bytes = new byte[random.nextInt(24)];
            random.nextBytes(bytes);
            try {
                assertThat(RateLimitMessages.read(new ByteArrayInputStream(bytes))
                                .result())
                        .isIn(Result.OK, Result.OVER_LIMIT);
            } catch (IOException e) {
                assertThat(e.getMessage()).isNotEmpty();
            }
        }
    }
}
