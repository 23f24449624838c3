package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.cluster.Endpoint.Outcome;
import dev.weir.core.config.ConfigException;
import dev.weir.core.config.ProxyConfig;
import dev.weir.core.exchange.CommandStats.SeriesRow;
import dev.weir.core.exchange.DurationFamily;
import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.ExchangeSinks;
import dev.weir.core.exchange.Exchanges;
import dev.weir.core.exchange.Operation;
import dev.weir.core.protocol.Protocol;
import dev.weir.core.testkit.FakeClock;
import dev.weir.core.testkit.FakeConnection;
import dev.weir.core.testkit.FakeEnvironment;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The protocols as the core finds them, and the series their exchanges make. */
class CarriedProtocolsTest {
    private static final Operation USERS = new Operation("GET /users/{id}", 1, true);
    private static final Operation HELLO = new Operation("helloworld.Greeter/SayHello", 1, false);

    private final FakeConnection connection = new FakeConnection();
    private final ExchangeSinks sinks = sinks(100);

    private static Map<String, Protocol> protocols() {
        Map<String, Protocol> found = new TreeMap<>();
        ServiceLoader.load(Protocol.class).forEach(protocol -> {
            if (protocol instanceof CarriedProtocol) {
                found.put(protocol.name(), protocol);
            }
        });
        return found;
    }

    private static ExchangeSinks sinks(int maxSeries) {
        Map<String, Protocol> protocols = protocols();
        ExchangeSinks.Protocols known = new ExchangeSinks.Protocols() {
            @Override
            public String systemName(String protocol) {
                return protocols.get(protocol).systemName(protocol);
            }

            @Override
            public DurationFamily durations(String protocol) {
                return protocols.get(protocol).durations();
            }
        };
        ProxyConfig.SinkConfig config = new ProxyConfig.SinkConfig(maxSeries, Duration.ofMillis(10), 4);
        return new ExchangeSinks(1, new FakeClock(), new SimpleMeterRegistry(), config, List.of(), known);
    }

    private void emit(String protocol, Operation operation, Consumer<Exchange> fields) {
        Exchanges exchanges = sinks.forLoop(0);
        Exchange e = exchanges.open().of(connection, protocol, operation);
        e.durationNanos = 1_000;
        e.byWeir = true; // so that it has no upstream but the one it is given
        fields.accept(e);
        exchanges.emit(e);
    }

    private static String labels(SeriesRow row) {
        StringBuilder text = new StringBuilder(row.family().name()).append('{');
        row.family().labels().forEach(label -> {
            @Nullable String value = label.value().apply(row);
            if (value != null && !label.name().equals("listener")) {
                text.append(label.name()).append('=').append(value).append(' ');
            }
        });
        return text.append('}').toString().trim();
    }

    private List<String> series() {
        List<String> all = new ArrayList<>();
        sinks.commands().series().forEach(row -> all.add(labels(row) + " " + row.count()));
        return all;
    }

    @Test
    void areAllFound() {
        assertThat(protocols()).containsOnlyKeys("clickhouse", "dynamodb", "elasticsearch", "grpc", "http");
        assertThat(protocols().get("dynamodb").systemName("dynamodb")).isEqualTo("aws.dynamodb");
    }

    @Test
    void noneCanBeWatchedFromBeside() {
        for (Protocol protocol : protocols().values()) {
            assertThatThrownBy(() -> new FakeEnvironment().sniffers(protocol, Map.of()))
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContaining("expected: the terminal http");
            assertThat(protocol.commands()).isNull();
        }
    }

    @Test
    void seriesOfHttpAreOpenTelemetrys() {
        emit("http", USERS, e -> {
            e.labels = HttpLabels.of(200, true, "2");
            e.upstream = "10.0.0.1:80";
        });
        emit("http", USERS, e -> {
            e.labels = HttpLabels.of(404, false, "1.1");
            e.status = Exchange.Status.ERROR;
            e.error = "404";
        });
        emit("http", USERS, e -> {
            e.labels = HttpLabels.of(503, false, "1.1");
            e.status = Exchange.Status.ERROR;
            e.error = "503";
        });
        emit("http", new Operation(Operation.OTHER, 0, false), e -> {
            e.labels = HttpLabels.of(0, false, "1.1");
            e.status = Exchange.Status.ERROR;
            e.error = "no_endpoint";
        });

        assertThat(series())
                .containsExactlyInAnyOrder(
                        "http_server_request_duration_seconds{http_request_method=GET http_response_status_code=200"
                                + " http_route=/users/{id} network_protocol_version=2 server_address=10.0.0.1"
                                + " server_port=80 url_scheme=https } 1",
                        "http_server_request_duration_seconds{http_request_method=GET http_response_status_code=404"
                                + " http_route=/users/{id} network_protocol_version=1.1 url_scheme=http } 1",
                        "http_server_request_duration_seconds{error_type=503 http_request_method=GET"
                                + " http_response_status_code=503 http_route=/users/{id} network_protocol_version=1.1"
                                + " url_scheme=http } 1",
                        "http_server_request_duration_seconds{error_type=no_endpoint http_request_method=_OTHER"
                                + " http_response_status_code= network_protocol_version=1.1 url_scheme=http } 1");
    }

    @Test
    void seriesOfGrpcAreOpenTelemetrys() {
        emit("grpc", HELLO, e -> e.labels = GrpcStatus.labels(0));
        for (int code : new int[] {5, 14}) {
            emit("grpc", HELLO, e -> {
                e.labels = GrpcStatus.labels(code);
                e.status = Exchange.Status.ERROR;
                e.error = GrpcStatus.name(code);
            });
        }

        String begin = "rpc_server_call_duration_seconds{";
        String method = "rpc_method=helloworld.Greeter/SayHello rpc_response_status_code=";
        assertThat(series())
                .containsExactlyInAnyOrder(
                        begin + method + "OK rpc_system_name=grpc } 1",
                        begin + method + "NOT_FOUND rpc_system_name=grpc } 1",
                        begin + "error_type=UNAVAILABLE " + method + "UNAVAILABLE rpc_system_name=grpc } 1");
    }

    /** What Weir refuses is no error of a server, and no series of its own beside what a server refuses. */
    @Test
    void whatClientsAreAnsweredBelow500IsNoErrorWhoeverAnswers() {
        for (String why : List.of("refused", "403")) {
            emit("http", USERS, e -> {
                e.labels = HttpLabels.of(403, false, "1.1");
                e.status = Exchange.Status.ERROR;
                e.error = why;
            });
        }
        for (int status : new int[] {200, 502}) { // of an answer that was cut off, and of none
            emit("http", USERS, e -> {
                e.labels = HttpLabels.of(status, false, "1.1");
                e.status = Exchange.Status.ERROR;
                e.error = "upstream_reset";
            });
        }
        for (String why : List.of("refused", "PERMISSION_DENIED")) {
            emit("grpc", HELLO, e -> {
                e.labels = GrpcStatus.labels(7);
                e.status = Exchange.Status.ERROR;
                e.error = why;
            });
        }

        String of = "http_server_request_duration_seconds{";
        String end = " http_route=/users/{id} network_protocol_version=1.1 url_scheme=http } ";
        assertThat(series())
                .containsExactlyInAnyOrder(
                        of + "http_request_method=GET http_response_status_code=403" + end + 2,
                        of + "error_type=upstream_reset http_request_method=GET http_response_status_code=200" + end
                                + 1,
                        of + "error_type=upstream_reset http_request_method=GET http_response_status_code=502" + end
                                + 1,
                        "rpc_server_call_duration_seconds{rpc_method=helloworld.Greeter/SayHello"
                                + " rpc_response_status_code=PERMISSION_DENIED rpc_system_name=grpc } 2");
    }

    @Test
    void othersAreDatabases() {
        emit("dynamodb", DynamoOperations.ALL.other(), e -> e.collection = "orders");

        assertThat(series())
                .containsExactly("db_client_operation_duration_seconds{db_collection_name=orders"
                        + " db_operation_name=_OTHER db_system_name=aws.dynamodb } 1");
    }

    /** No two series of a family may have the same labels: Prometheus refuses all of them. */
    @Test
    void seriesBeyondTheLimitStayApart() {
        ExchangeSinks few = sinks(12);
        Exchanges exchanges = few.forLoop(0);
        for (int round = 0; round < 3; round++) {
            for (int status = 200; status < 600; status += 7) {
                for (String protocol : List.of("http", "grpc")) {
                    Exchange e = exchanges.open().of(connection, protocol, status % 2 == 0 ? USERS : HELLO);
                    e.labels = protocol.equals("http")
                            ? HttpLabels.of(status, false, "1.1")
                            : GrpcStatus.labels(status % 17);
                    e.status = status >= 400 ? Exchange.Status.ERROR : Exchange.Status.OK;
                    e.error = status >= 400 ? StatusText.of(status) : null;
                    e.durationNanos = 5;
                    exchanges.emit(e);
                }
            }
        }

        List<SeriesRow> rows = few.commands().series();

        assertThat(rows)
                .hasSizeLessThanOrEqualTo(12)
                .extracting(CarriedProtocolsTest::labels)
                .doesNotHaveDuplicates();
        assertThat(rows.stream().mapToLong(SeriesRow::count).sum()).isEqualTo(3 * 58 * 2);
    }

    @ParameterizedTest
    @CsvSource({
        "http, 500, FAILURE",
        "http, 502, FAILURE",
        "http, 503, FAILURE",
        "http, 504, FAILURE",
        "http, 501, SUCCESS",
        "http, 404, SUCCESS",
        "http, 429, SUCCESS",
        "http, no_endpoint, SUCCESS",
        "http, 5033, SUCCESS",
        "dynamodb, InternalServerError, FAILURE",
        "dynamodb, 503, FAILURE",
        "dynamodb, ThrottlingException, SUCCESS",
        "dynamodb, ConditionalCheckFailedException, SUCCESS",
        "grpc, UNAVAILABLE, FAILURE",
        "grpc, INTERNAL, SUCCESS",
        "grpc, 503, FAILURE",
        "elasticsearch, 503, FAILURE",
        "elasticsearch, index_not_found_exception, SUCCESS",
        "elasticsearch, master_not_discovered_exception, FAILURE",
        "clickhouse, 60, SUCCESS",
        "clickhouse, 242, WRONG_ROLE"
    })
    void whatAnErrorSaysOfTheServer(String protocol, String error, Outcome outcome) {
        assertThat(protocols().get(protocol).outcome(error)).isEqualTo(outcome);
    }
}
