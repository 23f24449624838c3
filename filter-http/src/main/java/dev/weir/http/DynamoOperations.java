package dev.weir.http;

import dev.weir.core.exchange.Operation;
import dev.weir.core.exchange.Operations;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.util.AsciiString;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The operations of DynamoDB and of its streams, and how a request says which one it is. */
final class DynamoOperations {
    private static final AsciiString TARGET = AsciiString.cached("x-amz-target");
    private static final AsciiString SMITHY = AsciiString.cached("smithy-protocol");
    private static final String RPC_V2 = "rpc-v2-cbor";
    private static final List<String> SERVICES = List.of("DynamoDB_20120810", "DynamoDBStreams_20120810");

    private static final String READ =
            "BatchGetItem DescribeBackup DescribeContinuousBackups DescribeContributorInsights"
                    + " DescribeEndpoints DescribeExport DescribeGlobalTable DescribeGlobalTableSettings DescribeImport"
                    + " DescribeKinesisStreamingDestination DescribeLimits DescribeStream DescribeTable"
                    + " DescribeTableReplicaAutoScaling DescribeTimeToLive GetItem GetRecords GetResourcePolicy GetShardIterator"
                    + " ListBackups ListContributorInsights ListExports ListGlobalTables ListImports ListStreams ListTables"
                    + " ListTagsOfResource Query Scan TransactGetItems";
    private static final String WRITE =
            "BatchExecuteStatement BatchWriteItem CreateBackup CreateGlobalTable CreateTable"
                    + " DeleteBackup DeleteItem DeleteResourcePolicy DeleteTable DisableKinesisStreamingDestination"
                    + " EnableKinesisStreamingDestination ExecuteStatement ExecuteTransaction ExportTableToPointInTime ImportTable"
                    + " PutItem PutResourcePolicy RestoreTableFromBackup RestoreTableToPointInTime TagResource TransactWriteItems"
                    + " UntagResource UpdateContinuousBackups UpdateContributorInsights UpdateGlobalTable"
                    + " UpdateGlobalTableSettings UpdateItem UpdateKinesisStreamingDestination UpdateTable"
                    + " UpdateTableReplicaAutoScaling UpdateTimeToLive";

    /** Those that do not succeed without the table that they name. Others ignore names, or list nothing for one that is not there. */
    private static final Set<String> OF_TABLES = Set.of(
            "BatchExecuteStatement",
            "BatchGetItem",
            "BatchWriteItem",
            "CreateTable",
            "DeleteItem",
            "DeleteTable",
            "DescribeContinuousBackups",
            "DescribeStream",
            "DescribeTable",
            "DescribeTimeToLive",
            "ExecuteStatement",
            "ExecuteTransaction",
            "GetItem",
            "PutItem",
            "Query",
            "Scan",
            "TransactGetItems",
            "TransactWriteItems",
            "UpdateContinuousBackups",
            "UpdateItem",
            "UpdateTable",
            "UpdateTimeToLive");

    static final Operations ALL = all();
    private static final Map<String, Operation> BY_TARGET = new HashMap<>();
    private static final Map<String, Operation> BY_PATH = new HashMap<>();

    static {
        for (String service : SERVICES) {
            for (Operation operation : ALL.all()) {
                BY_TARGET.put(service + '.' + operation.name(), operation);
                BY_PATH.put("/service/" + service + "/operation/" + operation.name(), operation);
            }
        }
    }

    private DynamoOperations() {}

    private static Operations all() {
        Operations.Builder builder = Operations.builder();
        for (String name : READ.split(" ", -1)) {
            builder.add(name, true);
        }
        for (String name : WRITE.split(" ", -1)) {
            builder.add(name, false);
        }
        return builder.build();
    }

    /** Whether its success proves that the table it names is there. */
    static boolean provesTable(Operation operation) {
        return OF_TABLES.contains(operation.name());
    }

    /** The operation of a request, {@code _OTHER} for those of DynamoDB that are not known; null if it is for another service. */
    static @Nullable Operation of(HttpRequest head, String uri) {
        HttpHeaders headers = head.headers();
        String target = headers.get(TARGET);
        if (target != null) {
            Operation known = BY_TARGET.get(target);
            return known != null ? known : isOurs(target, 0) ? ALL.other() : null;
        }
        if (!RPC_V2.equals(headers.get(SMITHY))) {
            return null;
        }
        String path = path(uri);
        int at = path.indexOf("/service/");
        if (at < 0) {
            return null;
        }
        Operation known = BY_PATH.get(at == 0 ? path : path.substring(at));
        return known != null ? known : isOurs(path, at + 9) ? ALL.other() : null;
    }

    private static boolean isOurs(String text, int at) {
        for (String service : SERVICES) {
            if (text.startsWith(service, at)) {
                return true;
            }
        }
        return false;
    }

    private static String path(String uri) {
        int query = uri.indexOf('?');
        return query < 0 ? uri : uri.substring(0, query);
    }
}
