package dev.weir.http;

import dev.weir.core.exchange.CommandStats.SeriesRow;
import dev.weir.core.exchange.DurationFamily;
import dev.weir.core.exchange.DurationFamily.Label;
import dev.weir.core.exchange.Operation;
import dev.weir.core.exchange.SeriesLabels;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** OpenTelemetry's {@code http.server.request.duration}: its labels, and those of them that are not of all exchanges. */
final class HttpLabels {
    static final DurationFamily FAMILY = new DurationFamily(
            "http_server_request_duration_seconds",
            "Time from the last byte of a request to the last byte of its answer.",
            List.of(
                    new Label("error_type", HttpLabels::errorType),
                    new Label("http_request_method", row -> method(row.operation())),
                    new Label("http_response_status_code", row -> more(row, 0)),
                    new Label("http_route", row -> route(row.operation())),
                    new Label("listener", SeriesRow::listener),
                    new Label("network_protocol_version", row -> more(row, 2)),
                    new Label("server_address", SeriesRow::serverAddress),
                    new Label("server_port", SeriesRow::serverPort),
                    new Label("url_scheme", row -> more(row, 1))));

    private static final String[] VERSIONS = {"1.0", "1.1", "2"};
    private static final int STATUSES = 600;
    private static final int CLIENT_ERROR = 400;
    private static final int SERVER_ERROR = 500;
    private static final @Nullable SeriesLabels[] ALL = new @Nullable SeriesLabels[STATUSES * 2 * VERSIONS.length];

    private HttpLabels() {}

    /** The labels of an exchange; those of threads that ask at the same time may be two instances at first, which are equal. */
    static SeriesLabels of(int status, boolean tls, String version) {
        int code = status >= 100 && status < STATUSES ? status : 0;
        int v = version.equals("2") ? 2 : version.equals("1.0") ? 0 : 1;
        int i = (code * 2 + (tls ? 1 : 0)) * VERSIONS.length + v;
        SeriesLabels labels = ALL[i];
        if (labels == null) {
            String text = code != 0 ? StatusText.of(code) : status == 0 ? "" : Operation.OTHER;
            labels = new SeriesLabels(text, tls ? "https" : "http", VERSIONS[v]);
            if (code != 0 || status == 0) {
                ALL[i] = labels;
            }
        }
        return labels;
    }

    private static @Nullable String more(SeriesRow row, int i) {
        SeriesLabels labels = row.labels();
        return labels == null ? null : labels.value(i);
    }

    /** As OpenTelemetry has it for servers: what is answered with 4xx is none, whoever answers; though it is one of exchanges. */
    private static @Nullable String errorType(SeriesRow row) {
        String error = row.errorType();
        int code = StatusText.code(error);
        int answered = code != 0 ? code : StatusText.code(more(row, 0));
        boolean ofClient = code != 0 ? code < SERVER_ERROR : answered >= CLIENT_ERROR && answered < SERVER_ERROR;
        return ofClient ? null : error;
    }

    private static String method(String operation) {
        int blank = operation.indexOf(' ');
        return blank < 0 ? operation : operation.substring(0, blank);
    }

    private static @Nullable String route(String operation) {
        int blank = operation.indexOf(' ');
        return blank < 0 ? null : operation.substring(blank + 1);
    }
}
