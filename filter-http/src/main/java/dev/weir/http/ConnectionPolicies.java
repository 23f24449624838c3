package dev.weir.http;

import dev.weir.core.protocol.Command.Kind;
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
     * @param kind what it does; {@link HttpCommand#kindOf} tells it by the method
     * @param user who it claims to be, if the upstream refuses it unless that is true; or null
     * @param namespace the database, or null
     */
    record Asked(
            HttpRequest head,
            String operation,
            Kind kind,
            @Nullable String user,
            @Nullable String namespace) {}

    private final PolicyGate gate;

    ConnectionPolicies(PolicyGate gate) {
        this.gate = gate;
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
