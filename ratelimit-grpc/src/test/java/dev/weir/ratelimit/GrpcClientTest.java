package dev.weir.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.cluster.Endpoint.Outcome;
import dev.weir.core.filter.WireClock;
import dev.weir.core.ratelimit.RateLimitService.Client;
import dev.weir.core.ratelimit.RateLimitService.Entry;
import dev.weir.core.ratelimit.RateLimitService.Question;
import dev.weir.core.ratelimit.RateLimitService.Reply;
import dev.weir.core.ratelimit.RateLimitService.Result;
import dev.weir.core.ratelimit.RateLimitService.Settings;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The client against Netty's own HTTP/2 server, which answers well and badly. */
class GrpcClientTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final Duration SHORT = Duration.ofMillis(50);
    private static final List<List<Entry>> DESCRIPTORS = List.of(List.of(new Entry("user", "ann")));

    private final EventLoopGroup servers = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final EventLoopGroup clients = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final EventLoop loop = clients.next();
    private FakeService service;
    private OneEndpoint cluster;
    private Client client;

    private static void ok(FakeService service, FakeService.Call call) {
        call.message("0801", "0");
    }

    private static void silence(FakeService service, FakeService.Call call) {}

    private void start(Duration timeout, int maxPending, BiConsumer<FakeService, FakeService.Call> behaviour) {
        service = new FakeService(servers, 0, 100, behaviour);
        connect(service.port(), timeout, maxPending);
    }

    private void connect(int port, Duration timeout, int maxPending) {
        cluster = new OneEndpoint(port);
        Settings settings = new Settings(cluster, "weir", timeout, maxPending);
        client = onLoop(() -> new GrpcRateLimitService().open(settings, loop, WireClock.system()));
    }

    private <T> T onLoop(java.util.concurrent.Callable<T> task) {
        try {
            return loop.submit(task).get(30, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @AfterEach
    void stop() {
        loop.execute(client::close);
        clients.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        if (service != null) {
            service.close();
        }
        servers.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private CompletableFuture<Reply> askSoon() {
        CompletableFuture<Reply> answer = new CompletableFuture<>();
        loop.execute(() -> client.ask(DESCRIPTORS, 1, answer::complete));
        return answer;
    }

    private Result ask() {
        return await(askSoon());
    }

    private static Result await(CompletableFuture<Reply> answer) {
        return answer.orTimeout(30, TimeUnit.SECONDS).join().result();
    }

    private static void until(BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("in time").isLessThan(end);
            Thread.sleep(1);
        }
    }

    @Test
    void asksAsGrpcDoes() {
        start(LONG, 10, GrpcClientTest::ok);

        assertThat(ask()).isEqualTo(Result.OK);
        assertThat(ask()).isEqualTo(Result.OK);

        FakeService.Call call = service.calls.get(0);
        assertThat(call.headers().method()).asString().isEqualTo("POST");
        assertThat(call.headers().path())
                .asString()
                .isEqualTo("/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit");
        assertThat(call.headers().get("content-type")).asString().isEqualTo("application/grpc");
        assertThat(call.headers().get("te")).asString().isEqualTo("trailers");
        assertThat(call.headers().get("grpc-timeout")).asString().matches("29\\d{6}u");
        assertThat(call.body())
                .isEqualTo("00" + "00000015" + "0a0477656972" + "120d" + "0a0b" + "0a0475736572" + "1203616e6e");
        assertThat(service.connections).hasValue(1);
        assertThat(cluster.outcomes).containsExactly(Outcome.SUCCESS, Outcome.SUCCESS);
    }

    @Test
    void tellsWhichDescriptorsAreOver() {
        start(LONG, 10, (s, call) -> call.message("0802120208011202080212020801", "0"));

        Reply reply = askSoon().orTimeout(30, TimeUnit.SECONDS).join();

        assertThat(reply).isEqualTo(new Reply(Result.OVER_LIMIT, 0b010));
    }

    @Test
    void waitsNoLongerThanTold() throws Exception {
        start(SHORT, 10, GrpcClientTest::silence);

        // On a busy machine the time may be over before the question is sent: then there is nothing to reset.
        until(() -> {
            assertThat(ask()).isEqualTo(Result.TIMEOUT);
            return !service.calls.isEmpty();
        });
        until(() -> service.resets.get() == service.calls.size());

        assertThat(ask()).isEqualTo(Result.TIMEOUT);
        assertThat(service.connections).hasValue(1);
        assertThat(cluster.outcomes).hasSizeGreaterThan(1).containsOnly(Outcome.TIMEOUT);
    }

    @Test
    void withdrawsAQuestion() throws Exception {
        start(LONG, 1, GrpcClientTest::silence);
        List<Reply> told = new ArrayList<>();
        Question question = onLoop(() -> client.ask(DESCRIPTORS, 1, told::add));
        until(() -> service.calls.size() == 1);

        onLoop(() -> {
            question.cancel();
            return question;
        });

        until(() -> service.resets.get() == 1);
        askSoon();
        until(() -> service.calls.size() == 2);
        assertThat(told).isEmpty();
    }

    @Test
    void asksOnlySoManyAtATime() throws Exception {
        start(LONG, 2, GrpcClientTest::silence);
        CompletableFuture<Reply> first = askSoon();
        CompletableFuture<Reply> second = askSoon();

        assertThat(ask()).isEqualTo(Result.OVERFLOW);

        until(() -> service.calls.size() == 2);
        service.calls.forEach(call -> call.message("0801", "0"));
        assertThat(await(first)).isEqualTo(Result.OK);
        assertThat(await(second)).isEqualTo(Result.OK);
    }

    @Test
    void keepsToTheNumberOfStreamsThatTheServiceTakes() {
        service = new FakeService(servers, 0, 1, GrpcClientTest::ok);
        connect(service.port(), LONG, 100);
        assertThat(ask()).isEqualTo(Result.OK);

        List<CompletableFuture<Reply>> many = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            many.add(askSoon());
        }

        assertThat(many).allMatch(answer -> await(answer) == Result.OK);
        assertThat(service.connections).hasValue(1);
    }

    @Test
    void isToldOfErrors() {
        List<BiConsumer<FakeService, FakeService.Call>> bad = List.of(
                (s, call) -> call.trailersOnly("200", "2"),
                (s, call) -> call.trailersOnly("200", null),
                (s, call) -> call.trailersOnly("200", "0"),
                (s, call) -> call.trailersOnly("200", "nonsense"),
                (s, call) -> call.message("0807", "0"),
                (s, call) -> call.message("0801", null),
                (s, call) -> call.raw(Unpooled.buffer().writeZero(3), "0"),
                (s, call) -> call.raw(Unpooled.buffer().writeZero(100_000), "0"),
                (s, call) -> call.stream().close());
        int[] turn = {0};
        start(LONG, 10, (s, call) -> bad.get(turn[0]++).accept(s, call));

        for (int i = 0; i < bad.size(); i++) {
            assertThat(ask()).as("answer %d", i).isEqualTo(Result.ERROR);
        }
        assertThat(service.connections).hasValue(1);
        assertThat(cluster.outcomes).contains(Outcome.FAILURE);
    }

    @Test
    void knowsAnswersThatMeanThatThereIsNone() {
        start(LONG, 10, (s, call) -> call.trailersOnly("200", "4"));
        assertThat(ask()).isEqualTo(Result.TIMEOUT);
    }

    @ParameterizedTest
    @CsvSource({"200,14", "503,"})
    void knowsThatNobodyIsThere(String http, @Nullable String status) {
        start(LONG, 10, (s, call) -> call.trailersOnly(http, status));

        assertThat(ask()).isEqualTo(Result.UNAVAILABLE);

        assertThat(cluster.outcomes).containsExactly(Outcome.CONNECT_FAILED);
    }

    @Test
    void connectsAnewWhenTheServiceHasComeBack() throws Exception {
        start(LONG, 10, GrpcClientTest::ok);
        assertThat(ask()).isEqualTo(Result.OK);
        int port = service.port();
        service.close();
        until(() -> ask() == Result.UNAVAILABLE);

        service = new FakeService(servers, port, 100, GrpcClientTest::ok);

        until(() -> ask() == Result.OK);
        assertThat(service.connections).hasValue(1);
    }

    @Test
    void answersAtOnceWhileThereIsNoService() throws Exception {
        FakeService gone = new FakeService(servers, 0, 100, GrpcClientTest::ok);
        gone.close();
        connect(gone.port(), LONG, 10);
        assertThat(ask()).isEqualTo(Result.UNAVAILABLE);
        int tries = cluster.outcomes.size();

        for (int i = 0; i < 20; i++) {
            assertThat(ask()).isEqualTo(Result.UNAVAILABLE);
        }

        assertThat(cluster.outcomes.size() - tries)
                .as("pauses between attempts")
                .isLessThan(20);
        cluster.empty = true;
        assertThat(ask()).isEqualTo(Result.UNAVAILABLE);
    }

    @Test
    void losesQuestionsWithTheirConnection() throws Exception {
        start(LONG, 10, GrpcClientTest::silence);
        CompletableFuture<Reply> answer = askSoon();
        until(() -> service.calls.size() == 1);

        service.calls.get(0).stream().parent().close();

        assertThat(await(answer)).isEqualTo(Result.UNAVAILABLE);
    }

    @Test
    void leavesAConnectionThatTheServiceEnds() throws Exception {
        start(LONG, 10, (s, call) -> {
            if (s.calls.size() > 1) {
                call.message("0801", "0");
            }
        });
        CompletableFuture<Reply> first = askSoon();
        until(() -> service.calls.size() == 1);
        FakeService.Call call = service.calls.get(0);
        call.goAway();
        until(() -> ask() == Result.OK && service.connections.get() >= 2);

        call.message("0801", "0");

        assertThat(await(first)).isEqualTo(Result.OK);
        call.stream().parent().close();
        assertThat(ask()).isEqualTo(Result.OK);
    }

    @Test
    void endsWhatIsOpenWhenItIsClosed() throws Exception {
        start(LONG, 10, GrpcClientTest::silence);
        CompletableFuture<Reply> open = askSoon();
        until(() -> service.calls.size() == 1);

        loop.execute(client::close);

        assertThat(await(open).failed()).isTrue();
        assertThat(ask()).isEqualTo(Result.ERROR);
        until(() -> !service.calls.get(0).stream().parent().isActive());
    }
}
