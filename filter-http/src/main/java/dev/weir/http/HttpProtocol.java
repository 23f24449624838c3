package dev.weir.http;

import dev.weir.core.cluster.Endpoint;
import dev.weir.core.exchange.DurationFamily;

/** HTTP itself, where it is not known to carry another protocol. */
public final class HttpProtocol extends CarriedProtocol {
    /** For the service loader. */
    public HttpProtocol() {}

    @Override
    public String name() {
        return Observation.PROTOCOL;
    }

    @Override
    public String statsFilter() {
        return "http_stats";
    }

    @Override
    public DurationFamily durations() {
        return HttpLabels.FAMILY;
    }

    @Override
    public int defaultPort() {
        return 80;
    }

    @Override
    public Endpoint.Outcome outcome(String error) {
        return outcomeOf(error);
    }

    /** What a status says of the server: any of 5xx but what it cannot do for this request alone. */
    static Endpoint.Outcome outcomeOf(String error) {
        int code = StatusText.code(error);
        boolean request = code == 501 || code == 505 || code == 508 || code == 511;
        return code >= 500 && !request ? Endpoint.Outcome.FAILURE : Endpoint.Outcome.SUCCESS;
    }
}
