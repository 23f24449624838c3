package dev.weir.http;

import dev.weir.core.exchange.Operation;
import dev.weir.core.exchange.Operations;
import dev.weir.core.protocol.Command.Kind;
import dev.weir.core.protocol.KnownCommands;
import dev.weir.core.protocol.ServiceOperation;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the servers of a terminal would take a request for, as far as head and target tell it for sure: for rules, which are not to be got around by writing a request in an odd way. So this is
 * stricter than what exchanges tell: whatever two servers might read in two ways is {@code _OTHER}, which a rule that denies takes for all that it denies.
 *
 * @param dynamodb whether servers may be DynamoDB
 * @param elasticsearch or Elasticsearch
 * @param clickhouse or ClickHouse
 * @param grpc or of gRPC
 */
record CarriedNames(boolean dynamodb, boolean elasticsearch, boolean clickhouse, boolean grpc) {
    /** Plain HTTP. */
    static final CarriedNames NONE = new CarriedNames(false, false, false, false);

    private static final Map<Operations, Map<String, ServiceOperation>> MADE = new HashMap<>();

    static {
        made(DynamoDetails.PROTOCOL, DynamoOperations.ALL);
        made(ElasticDetails.PROTOCOL, ElasticOperations.ALL);
        made(ClickHouseDetails.PROTOCOL, ClickHouseDetails.ALL);
    }

    /**
     * A request as it goes out.
     *
     * @param head its head, as it came
     * @param target its target, as the route has it
     * @param bodyless whether it has no body
     * @param edited whether the route changes headers that say what it asks for
     */
    record Sent(HttpRequest head, String target, boolean bodyless, boolean edited) {
        HttpMethod method() {
            return head.method();
        }

        HttpHeaders headers() {
            return head.headers();
        }
    }

    /**
     * What a request is called.
     *
     * @param kind what it does
     * @param operations by each service that it may be for
     * @param namespaces indexes, where all of them are known; else none
     */
    record Called(Kind kind, List<ServiceOperation> operations, List<String> namespaces) {
        static Called byMethod(HttpMethod method) {
            return new Called(HttpCommand.kindOf(method), List.of(), List.of());
        }
    }

    static CarriedNames of(ObservationSettings settings) {
        return new CarriedNames(
                settings.dynamo != null,
                settings.elasticsearch != null,
                settings.clickhouse != null,
                settings.grpc != null);
    }

    private static void made(String service, Operations operations) {
        Map<String, ServiceOperation> byName = new HashMap<>();
        operations.all().forEach(one -> byName.put(one.name(), new ServiceOperation(service, one.name())));
        MADE.put(operations, byName);
    }

    /** An operation as rules know it. */
    static ServiceOperation named(Operations operations, Operation operation) {
        ServiceOperation named = MADE.getOrDefault(operations, Map.of()).get(operation.name());
        if (named == null) {
            throw new IllegalStateException("no operation of theirs: " + operation);
        }
        return named;
    }

    /** The services, for the check of rules. */
    List<KnownCommands.Service> known() {
        List<KnownCommands.Service> all = new ArrayList<>();
        if (dynamodb) {
            all.add(new KnownCommands.Service(DynamoDetails.PROTOCOL, names(DynamoOperations.ALL), false));
        }
        if (elasticsearch) {
            all.add(new KnownCommands.Service(ElasticDetails.PROTOCOL, names(ElasticOperations.ALL), false));
        }
        if (clickhouse) {
            all.add(new KnownCommands.Service(ClickHouseDetails.PROTOCOL, names(ClickHouseDetails.ALL), false));
        }
        if (grpc) {
            all.add(new KnownCommands.Service(GrpcDetails.PROTOCOL, Set.of(Operation.OTHER), true));
        }
        return all;
    }

    private static Set<String> names(Operations operations) {
        Set<String> names = new HashSet<>();
        operations.all().forEach(operation -> names.add(operation.name()));
        return names;
    }

    /** Why rules cannot ask for namespaces; empty if they can. */
    String noNamespaces() {
        if (elasticsearch) {
            return "";
        }
        if (dynamodb) {
            return "tables of DynamoDB are in the body, for which no rule waits (expected: a rule without)";
        }
        return clickhouse
                ? "databases of ClickHouse may be in the statement as well, for which no rule waits (expected: a rule without)"
                : "requests of HTTP have none (expected: a rule without)";
    }

    /** What {@code sent} is called. */
    Called of(Sent sent) {
        if (!dynamodb && !elasticsearch && !clickhouse && !grpc) {
            return Called.byMethod(sent.method());
        }
        Collected found = new Collected(HttpCommand.kindOf(sent.method()));
        if (dynamodb) {
            Operation asked = DynamoAsked.of(sent);
            if (asked != null) {
                found.add(DynamoOperations.ALL, asked, asked.read() ? Kind.READ : Kind.WRITE);
            }
        }
        if (clickhouse) {
            Operation asked = ClickHouseAsked.of(sent);
            if (asked != null) {
                found.add(ClickHouseDetails.ALL, asked, asked.read() ? Kind.READ : found.byMethod(asked));
            }
        }
        List<String> indexes = List.of();
        if (elasticsearch) {
            ElasticAsked asked = ElasticAsked.of(sent.method(), sent.target());
            indexes = asked.indexes();
            found.add(
                    ElasticOperations.ALL,
                    asked.operation(),
                    asked.reads() ? Kind.READ : found.byMethod(asked.operation()));
        }
        if (grpc) {
            ServiceOperation asked = GrpcAsked.of(sent);
            if (asked != null) {
                found.operations.add(asked);
            }
        }
        return new Called(found.kind(), found.operations, indexes);
    }

    /** What the services have said. */
    private static final class Collected {
        final List<ServiceOperation> operations = new ArrayList<>(2);
        private final Kind methods;
        private @Nullable Kind kind;

        Collected(Kind methods) {
            this.methods = methods;
        }

        void add(Operations all, Operation asked, Kind its) {
            operations.add(named(all, asked));
            kind = kind == null || its == Kind.WRITE ? its : kind;
        }

        /** What is not known does what its method says, all else that does not read writes. */
        Kind byMethod(Operation asked) {
            return asked.name().equals(Operation.OTHER) ? methods : Kind.WRITE;
        }

        Kind kind() {
            return kind == null ? methods : kind;
        }
    }
}
