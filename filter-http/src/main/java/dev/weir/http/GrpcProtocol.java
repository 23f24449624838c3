package dev.weir.http;

import dev.weir.core.cluster.Endpoint;
import dev.weir.core.exchange.DurationFamily;

/** gRPC, carried by HTTP/2. */
public final class GrpcProtocol extends CarriedProtocol {
    /** For the service loader. */
    public GrpcProtocol() {}

    @Override
    public String name() {
        return GrpcDetails.PROTOCOL;
    }

    @Override
    public String statsFilter() {
        return "grpc_stats";
    }

    @Override
    public DurationFamily durations() {
        return GrpcStatus.FAMILY;
    }

    @Override
    public int defaultPort() {
        return 50051;
    }

    /** {@code UNAVAILABLE} alone says that a server does not serve; others may be of one method, or of one question. */
    @Override
    public Endpoint.Outcome outcome(String error) {
        return error.equals("UNAVAILABLE") ? Endpoint.Outcome.FAILURE : HttpProtocol.outcomeOf(error);
    }
}
