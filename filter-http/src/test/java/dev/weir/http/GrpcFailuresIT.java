package dev.weir.http;

import static dev.weir.http.GrpcService.numbers;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.exchange.Exchange;
import dev.weir.http.GrpcClient.Heard;
import io.grpc.CallOptions;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What clients of gRPC see when something is late or goes away. */
class GrpcFailuresIT {
    private static final Metadata.Key<String> TIMEOUT =
            Metadata.Key.of("grpc-timeout", Metadata.ASCII_STRING_MARSHALLER);

    private static HttpBed bed(Map<String, ?> more, String... endpoints) {
        Map<String, Object> terminal = new HashMap<>(more);
        terminal.put("upstream_protocol", "http2");
        terminal.put("grpc", true);
        return new HttpBed(terminal, endpoints);
    }

    private static Exchange first(HttpBed bed) throws InterruptedException {
        assertThat(Http2Bed.eventually(() -> !bed.exchanges.isEmpty())).isTrue();
        return bed.exchanges.get(0);
    }

    @Test
    void theClientsDeadlineEndsACall() throws Exception {
        try (GrpcService service = new GrpcService();
                HttpBed bed = bed(Map.of(), service.address());
                GrpcClient client = new GrpcClient(bed.port())) {
            CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(500, TimeUnit.MILLISECONDS);
            Heard call = client.begin(GrpcService.HANG, options, new Metadata()).say(new byte[1]);

            assertThat(call.status().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
            assertThat(service.isCancelled()).isTrue();
            assertThat(first(bed).status).isNotEqualTo(Exchange.Status.OK);
        }
    }

    /** The client has told its deadline and does not look at it: Weir does. */
    @Test
    void weirAnswersWhenTheDeadlineIsOver() throws Exception {
        try (GrpcService service = new GrpcService();
                HttpBed bed = bed(Map.of(), service.address());
                GrpcClient client = new GrpcClient(bed.port())) {
            Metadata metadata = new Metadata();
            metadata.put(TIMEOUT, "300m");
            Heard call = client.begin(GrpcService.HANG, CallOptions.DEFAULT, metadata)
                    .say(new byte[1]);

            assertThat(call.status().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
            assertThat(service.isCancelled()).isTrue();
            assertThat(first(bed)).satisfies(told -> {
                assertThat(told.byWeir).isTrue();
                assertThat(told.status).isEqualTo(Exchange.Status.ERROR);
                assertThat(told.error).isEqualTo("upstream_timeout");
            });
            assertThat(client.unary(GrpcService.ECHO, new byte[5])).hasSize(5);
        }
    }

    /** Also of a client that has not said all it has to say. */
    @Test
    void weirAnswersStreamsWhoseDeadlineIsOver() throws Exception {
        try (GrpcService service = new GrpcService();
                HttpBed bed = bed(Map.of(), service.address());
                GrpcClient client = new GrpcClient(bed.port())) {
            Metadata metadata = new Metadata();
            metadata.put(TIMEOUT, "300m");
            Heard call = client.begin(GrpcService.SUM, CallOptions.DEFAULT, metadata);
            call.call.sendMessage(new byte[1]);

            assertThat(call.status().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
            assertThat(first(bed).error).isEqualTo("upstream_timeout");
        }
    }

    @Test
    void weirAnswersWhenTheTimeOfTheRouteIsOver() throws Exception {
        try (GrpcService service = new GrpcService();
                HttpBed bed = bed(Map.of("timeouts", Map.of("request", "300ms")), service.address());
                GrpcClient client = new GrpcClient(bed.port())) {
            Heard call = client.begin(GrpcService.HANG, GrpcClient.patient(), new Metadata())
                    .say(new byte[1]);

            assertThat(call.status().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
            assertThat(call.status().getDescription()).isEqualTo("upstream timeout");
            assertThat(service.isCancelled()).isTrue();
        }
    }

    @Test
    void whereNobodyListensItIsUnavailable() throws Exception {
        GrpcService gone = new GrpcService();
        gone.stop();
        try (HttpBed bed = bed(Map.of(), gone.address());
                GrpcClient client = new GrpcClient(bed.port())) {
            Heard call = client.begin(GrpcService.ECHO, GrpcClient.patient(), new Metadata())
                    .say(new byte[1]);

            assertThat(call.status().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
            assertThat(first(bed).byWeir).isTrue();
            // No server has said that there is such a method.
            assertThat(first(bed).operation().name()).isEqualTo("_OTHER");
        }
    }

    @Test
    void aCallWhoseServerGoesAwayFails() throws Exception {
        try (GrpcService service = new GrpcService();
                HttpBed bed = bed(Map.of(), service.address());
                GrpcClient client = new GrpcClient(bed.port())) {
            Heard waiting = client.begin(GrpcService.HANG, GrpcClient.patient(), new Metadata())
                    .say(new byte[1]);
            Heard streaming = client.begin(GrpcService.CHAT, GrpcClient.patient(), new Metadata());
            streaming.call.sendMessage(new byte[7]);
            streaming.call.request(10);
            assertThat(Http2Bed.eventually(() -> streaming.messages.size() == 1))
                    .isTrue();
            assertThat(service.begun.await(20, TimeUnit.SECONDS)).isTrue();

            service.stop();

            assertThat(waiting.status().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
            assertThat(streaming.status().isOk()).isFalse();
            assertThat(client.begin(GrpcService.ECHO, GrpcClient.patient(), new Metadata())
                            .say(new byte[1])
                            .status()
                            .getCode())
                    .isEqualTo(Status.Code.UNAVAILABLE);
        }
    }

    /** Calls without a break on some threads, each of which must come to a good end. */
    private static final class Calls {
        private final GrpcClient client;
        private final AtomicBoolean stop = new AtomicBoolean();
        private final Thread[] threads = new Thread[8];
        final AtomicInteger good = new AtomicInteger();
        final List<Status> bad = new CopyOnWriteArrayList<>();

        Calls(int port) {
            client = new GrpcClient(port);
            for (int i = 0; i < threads.length; i++) {
                threads[i] = new Thread(this::run, "calls-" + i);
                threads[i].start();
            }
        }

        private void run() {
            byte[] message = new byte[100];
            while (!stop.get()) {
                try {
                    client.unary(GrpcService.ECHO, message);
                    good.incrementAndGet();
                } catch (StatusRuntimeException e) {
                    bad.add(e.getStatus());
                }
            }
        }

        void end() throws InterruptedException {
            stop.set(true);
            for (Thread thread : threads) {
                thread.join(30_000);
            }
            client.close();
        }
    }

    @Test
    void aServerThatAsksForNewConnectionsAgainAndAgainLosesNoCall() throws Exception {
        try (GrpcService service = new GrpcService(builder -> builder.maxConnectionAge(50, TimeUnit.MILLISECONDS));
                HttpBed bed = bed(Map.of(), service.address())) {
            Calls calls = new Calls(bed.port());
            TimeUnit.SECONDS.sleep(3);
            calls.end();

            assertThat(calls.bad).isEmpty();
            assertThat(calls.good.get()).isGreaterThan(100);
            assertThat(service.calls).hasValue(calls.good.get());
        }
    }

    @Test
    void aServerThatShutsDownInGoodOrderLosesNoCall() throws Exception {
        try (GrpcService first = new GrpcService();
                GrpcService second = new GrpcService();
                HttpBed bed = bed(Map.of(), first.address(), second.address())) {
            Calls calls = new Calls(bed.port());
            assertThat(Http2Bed.eventually(() -> first.calls.get() > 50 && second.calls.get() > 50))
                    .isTrue();
            try (GrpcClient other = new GrpcClient(bed.port())) {
                Heard stream = other.begin(GrpcService.CHAT, GrpcClient.patient(), new Metadata());
                stream.call.request(100);
                stream.call.sendMessage(numbers(1, 1));
                assertThat(Http2Bed.eventually(() -> stream.messages.size() == 1))
                        .isTrue();

                first.server.shutdown();
                TimeUnit.SECONDS.sleep(1);
                // Maybe it is at the first one, which waits for it.
                stream.call.sendMessage(numbers(2, 2));
                stream.call.halfClose();
                assertThat(stream.status().isOk()).isTrue();
                assertThat(stream.messages).hasSize(2);
            }
            assertThat(first.server.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
            calls.end();

            assertThat(calls.bad).isEmpty();
            assertThat(first.calls.get() + second.calls.get()).isEqualTo(calls.good.get() + 1);
        }
    }

    /** Weir itself goes away: calls under way end well. */
    @Test
    void weirLetsCallsEndWhenItDrains() throws Exception {
        try (GrpcService service = new GrpcService();
                HttpBed bed = bed(Map.of(), service.address());
                GrpcClient client = new GrpcClient(bed.port())) {
            Heard stream = client.begin(GrpcService.CHAT, GrpcClient.patient(), new Metadata());
            stream.call.request(100);
            stream.call.sendMessage(numbers(1, 1));
            assertThat(Http2Bed.eventually(() -> stream.messages.size() == 1)).isTrue();

            var drained = bed.proxy.drain();
            TimeUnit.MILLISECONDS.sleep(300);
            assertThat(drained).isNotDone();
            stream.call.sendMessage(numbers(2, 2));
            stream.call.halfClose();

            assertThat(stream.status().isOk()).isTrue();
            assertThat(stream.messages).hasSize(2);
            drained.get(20, TimeUnit.SECONDS);
        }
    }
}
