package dev.weir.mongo;

import static dev.weir.mongo.Messages.bson;
import static dev.weir.mongo.Messages.cstring;
import static dev.weir.mongo.Messages.flags;
import static dev.weir.mongo.Messages.int32;
import static dev.weir.mongo.Messages.message;
import static dev.weir.mongo.Messages.msg;
import static dev.weir.mongo.Messages.request;
import static dev.weir.mongo.PackedMessages.int32;
import static dev.weir.mongo.PackedMessages.packed;
import static dev.weir.mongo.PackedMessages.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.NetworkFilter.Boundary;
import dev.weir.core.protocol.CommandGate;
import dev.weir.core.protocol.CommandPolicy;
import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.core.testkit.FilterTester;
import io.netty.buffer.ByteBufUtil;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams of answers, answers in another order, and whose each is. */
class MongoFramerOrderTest extends GateBed {
    // ---- streams of answers, and answers in another order

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void putsNothingIntoAStreamOfAnswers(boolean chained) {
        byte[] more = msg(1, 0, Wire.EXHAUST_ALLOWED, "{getMore: {$numberLong: '7'}, collection: 'a', $db: 'd'}");
        String first = text(msg(500, 1, Wire.MORE_TO_COME, OK));
        String second = text(packed(msg(501, chained ? 500 : 1, Wire.MORE_TO_COME, OK), Wire.SNAPPY));
        String last = text(msg(502, chained ? 501 : 1, 0, OK));
        try (FilterTester tester = denying("drop", null)) {
            tester.client(text(more) + text(request(2, "{drop: 'a', $db: 'd'}")));
            tester.upstream(first);
            assertThat(tester.toClient()).isEqualTo(first);

            for (int i = 0; i < second.length(); i++) {
                tester.upstream(second.substring(i, i + 1));
            }
            tester.client(text(request(3, "{drop: 'b', $db: 'd'}")));
            assertThat(tester.toClient()).isEqualTo(second);

            tester.upstream(last);

            String end = tester.toClient();
            assertThat(end).startsWith(last);
            assertThat(int32(end, last.length() + 8)).isEqualTo(2);
            int next = last.length() + int32(end, last.length());
            assertThat(int32(end, next + 8)).isEqualTo(3);
        }
    }

    @Test
    void putsNothingIntoALegacyStream() {
        byte[] query =
                message(1, 0, Wire.OP_QUERY, flags(Wire.QUERY_EXHAUST), cstring("d.a"), int32(0), int32(0), bson("{}"));
        String first = text(reply(500, 1, 7));
        String last = text(reply(501, 500, 0));
        try (FilterTester tester = denying("drop", null)) {
            tester.client(text(query));
            tester.upstream(first);
            tester.client(text(request(2, "{drop: 'a', $db: 'd'}")));
            assertThat(tester.toClient()).isEqualTo(first);

            tester.upstream(last);

            assertThat(int32(tester.toClient(), last.length() + 8)).isEqualTo(2);
        }
    }

    private static byte[] reply(int id, int to, int cursor) {
        return message(id, to, Wire.OP_REPLY, flags(8), int32(cursor), int32(0), int32(0), int32(1), bson("{a: 1}"));
    }

    @Test
    void findsTheRequestOfAnAnswerByItsNumber() {
        CommandPolicy policy = (command, nanos) -> switch (command.name()) {
            case "count" -> new Decision.Rewrite(answer -> ByteBufUtil.writeAscii(answer.alloc(), "new"));
            case "drop" -> new Decision.Deny(null, "no");
            default -> Decision.ALLOW;
        };
        try (FilterTester tester = tester(policy)) {
            tester.client(text(
                    request(1, "{find: 'a', $db: 'd'}"),
                    request(2, "{count: 'a', $db: 'd'}"),
                    request(3, "{ping: 1, $db: 'd'}"),
                    request(4, "{drop: 'a', $db: 'd'}")));
            assertThat(int32(tester.toClient(), 8)).isEqualTo(4);

            tester.upstream(answer(70, 3) + answer(71, 99) + answer(72, 1) + answer(73, 2));

            assertThat(tester.toClient()).isEqualTo(answer(70, 3) + answer(71, 99) + answer(72, 1) + "new");
        }
    }

    @Test
    void delaysACommand() {
        CommandPolicy policy = (command, nanos) ->
                "slow".equals(command.namespace()) ? new Decision.Delay(Duration.ofMillis(100)) : Decision.ALLOW;
        String slow = text(request(2, "{find: 'a', $db: 'slow'}"));
        try (FilterTester tester = tester(policy)) {
            tester.client(text(request(1, "{find: 'a', $db: 'd'}")) + slow);
            assertThat(tester.toUpstream()).isEqualTo(text(request(1, "{find: 'a', $db: 'd'}")));

            tester.advance(Duration.ofMillis(100));

            assertThat(tester.toUpstream()).isEqualTo(slow);
        }
    }

    @Test
    void drainsBetweenTheAnswersOfHellosButNotOfCursors() {
        CommandGate monitor = gate(GateBed::denyDrop);
        CommandGate cursor = gate(GateBed::denyDrop);
        try (FilterTester one = FilterTester.of(monitor);
                FilterTester other = FilterTester.of(cursor)) {
            one.client(text(msg(1, 0, Wire.EXHAUST_ALLOWED, "{hello: 1, $db: 'admin'}")));
            other.client(text(msg(1, 0, Wire.EXHAUST_ALLOWED, "{getMore: 1, $db: 'admin'}")));
            assertThat(monitor.boundary()).isEqualTo(Boundary.BUSY);

            one.upstream(text(msg(500, 1, Wire.MORE_TO_COME, OK)));
            other.upstream(text(msg(500, 1, Wire.MORE_TO_COME, OK)));

            assertThat(monitor.boundary()).isEqualTo(Boundary.IDLE);
            assertThat(cursor.boundary()).isEqualTo(Boundary.BUSY);
            other.upstream(text(msg(501, 500, 0, OK)));
            assertThat(cursor.boundary()).isEqualTo(Boundary.IDLE);
        }
    }

    @Test
    void closesWhenAnswersCannotBeCut() {
        for (byte[] bad : List.of(
                message(1, 1, Wire.OP_INSERT, bson("{}")),
                new byte[] {1, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0})) {
            try (FilterTester tester = denying("drop", null)) {
                tester.client(text(request(1, "{ping: 1, $db: 'd'}")));
                tester.upstream(text(bad));

                assertThat(tester.closeReason()).isEqualTo(CloseReason.FILTER);
            }
        }
    }
}
