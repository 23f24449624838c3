package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Names of members that clients make up are kept for a while only, and few of them. */
class JsonNamesTest {
    private static final int MEGABYTE = 1 << 20;

    private final ObservationBed bed = new ObservationBed(Map.of("dynamodb", true));
    private final Random random = new Random(9);

    private static final TokenSink NOBODY = new TokenSink() {
        @Override
        public void begin(boolean map, String name) {}

        @Override
        public void end() {}

        @Override
        public void value(String name, Token token) {}
    };

    private BodyReader reader() {
        return BodyReader.of(bed.loop(), MEGABYTE, null, null, NOBODY);
    }

    /** A map with so many members, each with a name that nobody has had before. */
    private ByteBuf map(int members, int length) {
        // Not watched for leaks: what the detector notes would be counted here.
        ByteBuf body = new UnpooledByteBufAllocator(true, true).directBuffer(MEGABYTE);
        body.writeByte('{');
        for (int i = 0; i < members; i++) {
            body.writeByte('"');
            for (int k = 0; k < length; k++) {
                body.writeByte('a' + random.nextInt(26));
            }
            body.writeCharSequence("\":0,", StandardCharsets.US_ASCII);
        }
        body.writeCharSequence("\"last\":0}", StandardCharsets.US_ASCII);
        return body;
    }

    private BodyReader read(ByteBuf body) {
        BodyReader reader = reader();
        reader.read(body);
        reader.finish();
        body.release();
        return reader;
    }

    @Test
    void aBodyMayHaveThousands() {
        assertThat(read(map(1_500, 12)).isWhole()).isTrue();
        assertThat(read(map(3_000, 12)).loss()).isEqualTo(BodyReader.Loss.MALFORMED);
        assertThat(bed.loop().json.open()).isZero();
    }

    /** The same names again and again are no new ones. */
    @Test
    void knownNamesDoNotCount() {
        String item = "{\"id\":1,\"name\":\"x\",\"price\":2.5},";
        ByteBuf body = new UnpooledByteBufAllocator(true, true).directBuffer(MEGABYTE);
        body.writeCharSequence("[" + item.repeat(20_000) + "0]", StandardCharsets.US_ASCII);

        assertThat(read(body).isWhole()).isTrue();
        assertThat(bed.loop().json.kept()).isEqualTo(3);
    }

    @Test
    void whatIsKeptIsBounded() {
        for (int i = 0; i < 50; i++) {
            read(map(1_000 + i, 180));
            assertThat(bed.loop().json.kept()).isLessThan(JsonNames.MOST_KEPT + JsonNames.MOST_NEW);
        }
        assertThat(bed.loop().json.open()).isZero();
    }

    /** Bodies that never end have their share all together. */
    @Test
    void whatIsOpenIsBounded() {
        List<BodyReader> open = new ArrayList<>();
        int lost = 0;
        for (int i = 0; i < 50; i++) {
            ByteBuf body = map(1_500, 12);
            body.writerIndex(body.writerIndex() - 1);
            BodyReader reader = reader();
            reader.read(body);
            body.release();
            lost += reader.loss() == null ? 0 : 1;
            open.add(reader);
            assertThat(bed.loop().json.open()).isLessThanOrEqualTo(JsonNames.MOST_OPEN);
        }
        assertThat(lost).isEqualTo(37);
        open.forEach(BodyReader::close);
        assertThat(bed.loop().json.open()).isZero();
        assertThat(read(map(1_500, 12)).isWhole()).isTrue();
    }

    /** What one body makes of garbage at most, however many names it has, and however long they are. */
    @Test
    void aBodyOfNamesCostsLittle() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (int length : new int[] {4, 12, 190, 5_000}) {
            ByteBuf body = map((MEGABYTE - 10_000) / (length + 5), length);
            BodyReader reader = reader();
            long before = threads.getCurrentThreadAllocatedBytes();
            reader.read(body);
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;
            reader.close();
            body.release();

            assertThat(reader.loss()).isNotNull();
            assertThat(allocated).isLessThan(20L * MEGABYTE);
        }
    }
}
