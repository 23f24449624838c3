package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Exchanges;
import dev.weir.core.exchange.Operation;
import dev.weir.core.sql.DigestTable;
import dev.weir.core.testkit.FakeConnection;
import dev.weir.core.testkit.FakeEnvironment;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** In the steady state an exchange of plain HTTP allocates nothing, with all protocols looked for. */
class ObservationAllocationTest {
    private static final int ROUNDS = 20_000;

    /** One record, handed out again and again, as the pool of a loop does. */
    private static final class OneExchange implements Exchanges {
        private final DigestTable digests = new DigestTable(0);
        private final Exchange exchange = new Exchange();
        long emitted;

        @Override
        public Exchange open() {
            return exchange;
        }

        @Override
        public void emit(Exchange ended) {
            emitted++;
            ended.clear();
        }

        @Override
        public DigestTable digests() {
            return digests;
        }

        @Override
        public void discard(Exchange unused) {}
    }

    private final OneExchange exchanges = new OneExchange();
    private final Operation operation = new Operation("GET /users/{id}", 1, true);

    private Observation observation() {
        ConfigNode terminal =
                ConfigNode.of(Map.of("dynamodb", true, "grpc", true, "clickhouse", true), new ConfigErrors());
        ObservationSettings settings = ObservationSettings.read(terminal, new FakeEnvironment());
        return new Observation(settings, exchanges, exchanges.digests(), new FakeConnection());
    }

    @Test
    void allocatesNothingPerExchange() {
        HttpRequest request = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/users/17?full=1");
        request.headers()
                .add("host", "api.example.com")
                .add("user-agent", "curl/8.5.0")
                .add("authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        HttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.NOT_FOUND);
        response.headers().add("content-type", "application/json");
        // Not watched for leaks: what the detector notes at each access would be counted here.
        ByteBuf body = new UnpooledByteBufAllocator(true, true).directBuffer(64).writeZero(64);
        Observation observation = observation();
        for (int i = 0; i < ROUNDS; i++) {
            play(observation, request, response, body, i);
        }

        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < ROUNDS; i++) {
            play(observation, request, response, body, i);
        }
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;

        assertThat(exchanges.emitted).isEqualTo(2L * ROUNDS);
        // One object in every round would be 16 bytes at least.
        assertThat(allocated).isLessThan(12L * ROUNDS);
        body.release();
    }

    /** What is looked into costs its readers, and nothing for each name or value in it. */
    @Test
    void whatIsLookedIntoCostsTheSameWhateverIsInIt() {
        long small = perExchange("{\"Item\":{\"id\":{\"S\":\"1\"}}}");
        long large =
                perExchange("{\"Item\":{" + "\"id\":{\"S\":\"1\"},\"name\":{\"S\":\"x\"},".repeat(500) + "\"a\":{}}}");

        assertThat(small).isLessThan(3_000);
        assertThat(large - small).isLessThan(500);
    }

    private long perExchange(String answer) {
        HttpRequest request = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.POST, "/");
        request.headers()
                .add("x-amz-target", "DynamoDB_20120810.GetItem")
                .add("content-type", "application/x-amz-json-1.0");
        HttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        response.headers().add("content-type", "application/x-amz-json-1.0");
        UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, true);
        ByteBuf asked = bytes(allocator, "{\"TableName\":\"orders\",\"Key\":{\"id\":{\"S\":\"1\"}}}");
        ByteBuf answered = bytes(allocator, answer);
        Observation observation = observation();
        int rounds = ROUNDS / 10;
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = 0;
        for (int i = 0; i < 2 * rounds; i++) {
            before = i == rounds ? threads.getCurrentThreadAllocatedBytes() : before;
            play(observation, request, response, asked, answered, i);
        }
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        asked.release();
        answered.release();
        return allocated / rounds;
    }

    private static ByteBuf bytes(UnpooledByteBufAllocator allocator, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return allocator.directBuffer(bytes.length).writeBytes(bytes);
    }

    private void play(Observation observation, HttpRequest request, HttpResponse response, ByteBuf body, long now) {
        play(observation, request, response, body, body, now);
    }

    private void play(
            Observation observation,
            HttpRequest request,
            HttpResponse response,
            ByteBuf body,
            ByteBuf answer,
            long now) {
        observation.begin(request, operation, "/users/{id}", "api.example.com", now);
        observation.requestData(body);
        observation.requestEnd(now + 1);
        observation.sent(now + 2);
        observation.upstream("10.0.0.1:80", "app", "1.1");
        observation.responseHead(response, now + 3);
        observation.responseData(answer);
        observation.responseEnd(null, now + 4);
        observation.emit(now + 5);
    }
}
