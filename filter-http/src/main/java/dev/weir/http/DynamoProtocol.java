package dev.weir.http;

import dev.weir.core.cluster.Endpoint;

/** DynamoDB, carried by HTTP. */
public final class DynamoProtocol extends CarriedProtocol {
    /** For the service loader. */
    public DynamoProtocol() {}

    @Override
    public String name() {
        return DynamoDetails.PROTOCOL;
    }

    @Override
    public String statsFilter() {
        return "dynamodb_stats";
    }

    @Override
    public String systemName(String protocol) {
        return "aws.dynamodb";
    }

    @Override
    public int defaultPort() {
        return 8000;
    }

    /** Throttling is what clients bring about. */
    @Override
    public Endpoint.Outcome outcome(String error) {
        return switch (error) {
            case "InternalServerError",
                    "InternalServerErrorException",
                    "InternalFailure",
                    "ServiceUnavailable",
                    "ServiceUnavailableException" -> Endpoint.Outcome.FAILURE;
            default -> HttpProtocol.outcomeOf(error);
        };
    }

    /** Whether an error is one that only a table that is there has; others come before the table is looked for, or for want of it. */
    static boolean provesTable(String type) {
        return switch (type) {
            case "ConditionalCheckFailedException",
                    "DuplicateItemException",
                    "ItemCollectionSizeLimitExceededException",
                    "ProvisionedThroughputExceededException",
                    "ReplicatedWriteConflictException",
                    "TransactionConflictException" -> true;
            default -> false;
        };
    }

    /** Whether an error says that there was too much at once. */
    static boolean isThrottling(String type) {
        return switch (type) {
            case "ProvisionedThroughputExceededException",
                    "ThrottlingException",
                    "ThrottledException",
                    "RequestLimitExceeded",
                    "LimitExceededException" -> true;
            default -> false;
        };
    }
}
