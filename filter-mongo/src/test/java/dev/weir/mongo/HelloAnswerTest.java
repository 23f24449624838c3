package dev.weir.mongo;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import java.util.Random;
import org.bson.BsonDocument;
import org.junit.jupiter.api.Test;

/** Whatever a server says is an answer or is none. */
final class HelloAnswerTest {
    private static final BsonDocument HELLO = BsonDocument.parse(
            "{topologyVersion: {processId: {$oid: '66b3a6c3e2c3a1a1a1a1a1a1'}, counter: {$numberLong: '6'}},"
                    + " hosts: ['a:27017', 'b:27017'], setName: 'rs0', isWritablePrimary: true, secondary: false,"
                    + " maxWireVersion: 25, codeName: 'x', errmsg: 'y', code: 7, ok: 1.0}");

    private static byte[] sections(BsonDocument document) {
        byte[] bytes = WireClient.bytes(document);
        byte[] sections = new byte[1 + bytes.length];
        System.arraycopy(bytes, 0, sections, 1, bytes.length);
        return sections;
    }

    @Test
    void readsWhatIsAsked() {
        HelloAnswer answer = HelloAnswer.in(Unpooled.wrappedBuffer(sections(HELLO)));

        assertThat(answer.ok()).isTrue();
        assertThat(answer.writable()).isTrue();
        assertThat(answer.error()).isEqualTo("7 x y");
        assertThat(answer.role()).isEqualTo("neither primary nor secondary of rs0");
    }

    @Test
    void cutAnswersAreNone() {
        byte[] sections = sections(HELLO);
        for (int n = 0; n < sections.length; n++) {
            assertThat(HelloAnswer.in(Unpooled.wrappedBuffer(sections, 0, n)))
                    .as("%d bytes", n)
                    .isNull();
        }
    }

    @Test
    void damagedAnswersAreOneOrNone() {
        byte[] sections = sections(HELLO);
        int none = 0;
        for (int seed = 0; seed < 20_000; seed++) {
            Random random = new Random(seed);
            byte[] damaged = sections.clone();
            for (int i = 1 + random.nextInt(4); i > 0; i--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            }

            HelloAnswer answer = HelloAnswer.in(Unpooled.wrappedBuffer(damaged));

            none += answer == null ? 1 : 0;
        }
        assertThat(none).isBetween(1_000, 19_000);
    }
}
