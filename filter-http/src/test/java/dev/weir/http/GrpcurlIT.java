package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Exchange.Status;
import dev.weir.core.testkit.InstalledTool;
import dev.weir.core.testkit.RecordingExchanges;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** grpcurl, a client of grpc-go, asks a server of grpc-java what it has, and calls it: as cleartext HTTP/2, and as TLS whose ALPN says {@code h2}. */
class GrpcurlIT {
    private static final String REFLECTION = "grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

    @TempDir
    Path folder;

    private String tool;
    private ReflectedService service;
    private String authority;
    private HttpBed bed;
    private boolean tls;

    @BeforeEach
    void start() throws Exception {
        tool = InstalledTool.require("grpcurl").toString();
    }

    private void begin(boolean secure) throws Exception {
        tls = secure;
        PeerCertificate files = PeerCertificate.in(folder);
        authority = files.authority();
        service = new ReflectedService(builder -> secure
                ? builder.useTransportSecurity(
                        Path.of(files.certificate()).toFile(),
                        Path.of(files.key()).toFile())
                : builder);
        Map<String, ?> terminal = Map.of("upstream_protocol", secure ? "auto" : "http2", "grpc", true);
        Map<String, ?> cluster =
                secure ? Map.of("tls", Map.of("ca", authority, "alpn", List.of("h2", "http/1.1"))) : Map.of();
        Map<String, ?> listener = secure
                ? Map.of(
                        "tls",
                        Map.of(
                                "alpn",
                                List.of("h2", "http/1.1"),
                                "certificates",
                                List.of(Map.of("certificate", files.certificate(), "private_key", files.key()))))
                : Map.of();
        bed = new HttpBed(terminal, List.of(HttpBed.cluster("app", cluster, service.address())), listener);
    }

    @AfterEach
    void stop() {
        if (bed != null) {
            service.close(); // first, so that the proxy keeps no connection to it
            bed.close();
        }
    }

    /** @param more what comes before the address, and behind it */
    private String run(List<String> more, String... behind) throws Exception {
        List<String> command = new ArrayList<>(List.of(tool, "-max-time", "30"));
        command.addAll(tls ? List.of("-cacert", authority) : List.of("-plaintext"));
        command.addAll(more);
        command.add("127.0.0.1:" + bed.port());
        command.addAll(List.of(behind));
        return Http2Bed.run(command.toArray(new String[0]));
    }

    private String call(String method, String text) throws Exception {
        return run(List.of("-d", "\"" + text + "\""), ReflectedService.NAME + "/" + method);
    }

    /** The exchange of a call; others are of questions what there is. */
    private Exchange exchange(String method) throws Exception {
        assertThat(Http2Bed.eventually(() -> bed.exchanges.stream()
                        .anyMatch(e -> e.operation().name().equals(method))))
                .as("%s", bed.exchanges)
                .isTrue();
        return bed.exchanges.stream()
                .filter(e -> e.operation().name().equals(method))
                .findFirst()
                .orElseThrow();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void learnsWhatThereIs(boolean secure) throws Exception {
        begin(secure);

        assertThat(run(List.of(), "list").lines()).contains("grpc.reflection.v1.ServerReflection", "weir.test.Texts");
        assertThat(run(List.of(), "list", ReflectedService.NAME).lines())
                .containsExactly("weir.test.Texts.Fail", "weir.test.Texts.Letters", "weir.test.Texts.Upper");
        assertThat(run(List.of(), "describe", ReflectedService.NAME))
                .contains("service Texts {")
                .contains(
                        "rpc Letters ( .google.protobuf.StringValue ) returns ( stream .google.protobuf.StringValue );");

        Exchange e = exchange(REFLECTION);
        assertThat(e.protocol).isEqualTo("grpc");
        assertThat(e.status).isEqualTo(Status.OK);
        assertThat(RecordingExchanges.fields(e)).containsEntry("http_version", "2");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void calls(boolean secure) throws Exception {
        begin(secure);

        assertThat(call("Upper", "hello").strip()).isEqualTo("\"HELLO\"");
        assertThat(call("Letters", "abc").lines()).containsExactly("\"a\"", "\"b\"", "\"c\"");

        Exchange unary = exchange("weir.test.Texts/Upper");
        assertThat(unary.status).isEqualTo(Status.OK);
        assertThat(unary.app).isEqualTo("grpcurl");
        assertThat(RecordingExchanges.fields(unary))
                .containsEntry("grpc_status", "OK")
                .containsEntry("http_version", "2")
                .containsEntry("upstream_http_version", "2")
                .containsEntry("request_messages", "1")
                .containsEntry("response_messages", "1");
        assertThat(RecordingExchanges.fields(exchange("weir.test.Texts/Letters")))
                .containsEntry("response_messages", "3");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void failsWithTheServersStatus(boolean secure) throws Exception {
        begin(secure);

        assertThat(call("Fail", "not now")).contains("Code: FailedPrecondition", "Message: not now");

        // No server has answered it well yet: it has no name.
        Exchange e = exchange("_OTHER");
        assertThat(e.status).isEqualTo(Status.ERROR);
        assertThat(e.error).isEqualTo("FAILED_PRECONDITION");
        assertThat(RecordingExchanges.fields(e)).containsEntry("grpc_status", "FAILED_PRECONDITION");
    }
}
