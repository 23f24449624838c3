package dev.weir.http;

import dev.weir.core.protocol.PolicyGate;
import dev.weir.core.protocol.PolicyWait;
import io.netty.handler.codec.http.HttpRequest;
import org.jspecify.annotations.Nullable;

/** Asks the policies about the exchanges of one connection, any number of which may wait at the same time. On its loop only. */
final class ConnectionPolicies {
    /**
     * What a request asks for.
     *
     * @param head its head, to stay as it is until the verdict
     * @param operation what it is called, one of the names that were configured with
     * @param user who it claims to be, if the upstream refuses it unless that is true; or null
     * @param called what servers would take it for
     */
    record Asked(
            HttpRequest head, String operation, @Nullable String user, CarriedNames.Called called) {}

    private final PolicyGate gate;
    private final CarriedNames names;

    ConnectionPolicies(PolicyGate gate, CarriedNames names) {
        this.gate = gate;
        this.names = names;
    }

    /** What servers would take a request for. */
    CarriedNames.Called called(CarriedNames.Sent sent) {
        return names.of(sent);
    }

    /**
     * Decides about one exchange.
     *
     * @param nanos when the read burst began
     * @param verdict told at once where nothing waits, otherwise later
     * @return what waits, to be cancelled when the exchange ends before the verdict; null if it was told
     */
    @Nullable
    PolicyWait decide(Asked asked, long nanos, Verdict verdict) {
        HttpCommand command = new HttpCommand(asked, verdict);
        return gate.decide(command, nanos, command);
    }

    /** The connection has ended: no verdict comes any more. */
    void close() {
        gate.close();
    }
}
