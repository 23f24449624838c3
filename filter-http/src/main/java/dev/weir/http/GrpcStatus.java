package dev.weir.http;

import dev.weir.core.exchange.CommandStats.SeriesRow;
import dev.weir.core.exchange.DurationFamily;
import dev.weir.core.exchange.DurationFamily.Label;
import dev.weir.core.exchange.SeriesLabels;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The status codes of gRPC, by their names, and OpenTelemetry's {@code rpc.server.call.duration}, which has them in a label. */
final class GrpcStatus {
    private static final String[] NAMES = {
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED"
    };

    static final int OK = 0;
    static final int UNKNOWN = 2;
    static final int UNIMPLEMENTED = 12;

    /** No status was seen. */
    static final int NONE = -1;

    private static final SeriesLabels NO_STATUS = new SeriesLabels("");
    private static final SeriesLabels[] LABELS = new SeriesLabels[NAMES.length];

    static {
        for (int i = 0; i < NAMES.length; i++) {
            LABELS[i] = new SeriesLabels(NAMES[i]);
        }
    }

    /** Those that OpenTelemetry takes for errors of a server; others are answers to wrong or late questions. */
    private static final Set<String> OF_CLIENTS = Set.of(
            "CANCELLED",
            "INVALID_ARGUMENT",
            "NOT_FOUND",
            "ALREADY_EXISTS",
            "PERMISSION_DENIED",
            "RESOURCE_EXHAUSTED",
            "FAILED_PRECONDITION",
            "ABORTED",
            "OUT_OF_RANGE",
            "UNAUTHENTICATED");

    static final DurationFamily FAMILY = new DurationFamily(
            "rpc_server_call_duration_seconds",
            "Time from the last byte of a call's request to the last byte of its answer.",
            List.of(
                    new Label("error_type", GrpcStatus::errorType),
                    new Label("listener", SeriesRow::listener),
                    new Label("rpc_method", SeriesRow::operation),
                    new Label("rpc_response_status_code", GrpcStatus::status),
                    new Label("rpc_system_name", SeriesRow::systemName),
                    new Label("server_address", SeriesRow::serverAddress),
                    new Label("server_port", SeriesRow::serverPort)));

    private GrpcStatus() {}

    private static @Nullable String status(SeriesRow row) {
        SeriesLabels labels = row.labels();
        return labels == null ? null : labels.value(0);
    }

    private static @Nullable String errorType(SeriesRow row) {
        String error = row.errorType();
        String status = status(row); // where Weir answers, the error is why
        return error != null && (OF_CLIENTS.contains(error) || status != null && OF_CLIENTS.contains(status))
                ? null
                : error;
    }

    /** The code in a header; unknown ones are {@code UNKNOWN}, as gRPC says. */
    static int code(@Nullable CharSequence header) {
        if (header == null) {
            return NONE;
        }
        int code = 0;
        int n = header.length();
        for (int i = 0; i < n; i++) {
            int digit = header.charAt(i) - '0';
            if (digit < 0 || digit > 9 || n > 2) {
                return UNKNOWN;
            }
            code = 10 * code + digit;
        }
        return n > 0 && code < NAMES.length ? code : UNKNOWN;
    }

    static String name(int code) {
        return NAMES[code];
    }

    /** For series. */
    static SeriesLabels labels(int code) {
        return code == NONE ? NO_STATUS : LABELS[code];
    }
}
