package dev.weir.http;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Operation;
import dev.weir.http.ObservationSettings.Bodies;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.util.AsciiString;
import org.jspecify.annotations.Nullable;

/** One operation of DynamoDB: as JSON by {@code X-Amz-Target}, or as CBOR by Smithy's RPC v2. */
final class DynamoDetails extends Details {
    static final String PROTOCOL = "dynamodb";

    private static final AsciiString ERROR_TYPE = AsciiString.cached("x-amzn-errortype");
    private static final AsciiString SDK_REQUEST = AsciiString.cached("amz-sdk-request");
    private static final String ATTEMPT = "attempt=";

    /**
     * What of the settings concerns DynamoDB.
     *
     * @param bodies how bodies are looked at
     * @param metrics its counters
     */
    record Settings(Bodies bodies, DynamoMetrics metrics) {}

    private final ObservationLoop loop;
    private final Settings settings;
    private final Operation operation;
    private final DynamoRequest request;
    private final DynamoResponse response;
    private final BodyReader requestBody;
    private final long attempt;
    private @Nullable BodyReader responseBody;
    private @Nullable String errorType;
    private int status;

    private DynamoDetails(ObservationLoop loop, Settings settings, Operation operation, HttpHeaders headers) {
        this.loop = loop;
        this.settings = settings;
        this.operation = operation;
        this.response = new DynamoResponse(loop.texts);
        this.request = new DynamoRequest(loop, settings.bodies.statements());
        this.requestBody = body(headers, request);
        this.attempt = attempt(headers.get(SDK_REQUEST));
    }

    /** For a request of DynamoDB; null for others. */
    static @Nullable DynamoDetails of(ObservationLoop loop, Settings settings, HttpRequest head, String uri) {
        Operation operation = DynamoOperations.of(head, uri);
        return operation == null ? null : new DynamoDetails(loop, settings, operation, head.headers());
    }

    private BodyReader body(HttpHeaders headers, TokenSink sink) {
        String type = headers.get(HttpHeaderNames.CONTENT_TYPE);
        String encoding = headers.get(HttpHeaderNames.CONTENT_ENCODING);
        return BodyReader.of(loop, settings.bodies.bodyLimit(), type, encoding, sink);
    }

    /** Of {@code attempt=2; max=3}: 2. 1 where it is not said. */
    private static long attempt(@Nullable String header) {
        int at = header == null ? -1 : header.indexOf(ATTEMPT);
        if (header == null || at < 0) {
            return 1;
        }
        long value = 0;
        for (int i = at + ATTEMPT.length(); i < header.length() && value < 1_000; i++) {
            int digit = header.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                break;
            }
            value = 10 * value + digit;
        }
        return Math.max(1, value);
    }

    @Override
    String protocol() {
        return PROTOCOL;
    }

    @Override
    void requestData(ByteBuf lent) {
        requestBody.read(lent);
    }

    @Override
    void requestEnd() {
        requestBody.finish();
    }

    @Override
    void responseHead(HttpResponse head) {
        BodyReader before = responseBody;
        if (before != null) {
            before.close();
        }
        response.clear();
        status = head.status().code();
        String type = head.headers().get(ERROR_TYPE);
        errorType = type == null ? null : shortened(type);
        responseBody = isOurs(head.headers()) ? body(head.headers(), response) : null;
    }

    /** What a gateway answers in its place is something else. */
    private static boolean isOurs(HttpHeaders headers) {
        String type = headers.get(HttpHeaderNames.CONTENT_TYPE);
        return type == null || type.contains("json") || type.contains("cbor");
    }

    /** Without the namespace in front and the address behind. */
    private String shortened(String type) {
        int colon = type.indexOf(':');
        int end = colon < 0 ? type.length() : colon;
        int hash = type.lastIndexOf('#', end);
        return hash < 0 && end == type.length() ? type : loop.texts.of(type, hash + 1, end);
    }

    @Override
    void responseData(ByteBuf lent) {
        BodyReader body = responseBody;
        if (body != null) {
            body.read(lent);
        }
    }

    @Override
    void responseEnd(@Nullable HttpHeaders trailers) {
        BodyReader body = responseBody;
        if (body != null) {
            body.finish();
        }
    }

    @Override
    Operation operation() {
        return operation;
    }

    @Override
    void fill(Exchange e, boolean answered) {
        asked(e);
        boolean proven = answered && provesTables();
        settings.bodies.labels().collection(e, proven);
        settings.bodies.labels().summary(e, proven);
        if (answered) {
            answered(e);
        }
        countLoss(loop, requestBody);
        countLoss(loop, responseBody);
        if (attempt > 1) {
            e.attribute("retry", attempt - 1);
            settings.metrics.retried(operation);
        }
    }

    /** Whether the answer is one that only a table that is there has. */
    private boolean provesTables() {
        if (status >= 400) {
            String type = typeOfError();
            return type != null && DynamoProtocol.provesTable(type);
        }
        BodyReader body = responseBody;
        return status < 300
                && body != null
                && DynamoOperations.provesTable(operation)
                // Of a batch of statements, each may fail by itself.
                && (!operation.name().equals("BatchExecuteStatement")
                        || body.isWhole() && response.statementErrors == 0);
    }

    private @Nullable String typeOfError() {
        return response.type != null ? shortened(response.type) : errorType;
    }

    private void asked(Exchange e) {
        if (request.sql != null) {
            e.statement(request.sql);
            if (request.text != null) {
                e.statement = request.text;
            }
        }
        e.target = request.tables.joined(loop);
        e.collection = request.tables.only();
        if (request.items > 0 && requestBody.isWhole()) {
            e.batch = request.items;
            if (request.tables.size() > 1) {
                e.attribute("items_by_table", request.tables.withCounts(loop));
            }
        }
        if (request.index != null) {
            e.attribute("index", request.index);
        }
        if (request.consistent) {
            e.attribute("consistent_read", true);
        }
    }

    private void answered(Exchange e) {
        BodyReader body = responseBody;
        boolean whole = body != null && body.isWhole();
        if (status >= 400) {
            failed(e);
        } else if (whole) {
            rows(e);
        } else {
            e.rows = response.count;
        }
        if (whole) {
            partly(e);
            capacity(e);
        }
    }

    private void failed(Exchange e) {
        String type = typeOfError();
        if (type == null) {
            return;
        }
        e.error = type;
        String table = e.collection != null ? e.collection : Operation.OTHER; // for several
        if (DynamoProtocol.isThrottling(type)) {
            settings.metrics.throttled(table, type, operation);
        } else if (type.equals("ConditionalCheckFailedException")) {
            settings.metrics.conditionFailed(table, operation);
        }
        Tally reasons = response.reasons;
        if (reasons.size() > 0) {
            e.attribute("cancellation_reasons", reasons.withCounts(loop));
            for (int i = 0; i < reasons.size(); i++) {
                settings.metrics.cancelled(reasons.name(i), operation, reasons.count(i));
            }
        }
        if (response.throttling != null) {
            e.attribute("throttling_reason", response.throttling);
        }
    }

    private void rows(Exchange e) {
        switch (operation.name()) {
            case "GetItem" -> {
                e.rows = response.item ? 1 : 0;
                e.hit = response.item ? 1 : 0;
            }
            case "BatchGetItem", "TransactGetItems" -> {
                e.rows = response.items;
                e.hit = response.items > 0 ? 1 : 0;
            }
            case "PutItem", "UpdateItem" -> e.rows = 1;
            case "BatchWriteItem", "TransactWriteItems" ->
                e.rows = requestBody.isWhole() ? Math.max(0, request.items - response.unprocessed.total()) : -1;
            default -> e.rows = response.items > 0 || response.listed ? response.items : response.count;
        }
        if (response.scanned >= 0) {
            e.attribute("scanned", response.scanned);
        }
        if (response.more) {
            e.attribute("more", true);
        }
    }

    /** What was done in part only. */
    private void partly(Exchange e) {
        Tally left = response.unprocessed;
        if (left.total() > 0) {
            e.attribute("unprocessed", left.total());
            for (int i = 0; i < left.size(); i++) {
                settings.metrics.unprocessed(left.name(i), operation, left.count(i));
            }
        }
        if (response.statementErrors > 0) {
            e.attribute("statement_errors", response.statementErrors);
            e.status = Exchange.Status.ERROR;
            e.error = response.type != null ? response.type : Operation.OTHER;
        }
    }

    private void capacity(Exchange e) {
        if (response.capacity.isKnown()) {
            e.attribute("consumed_capacity", (Object) response.capacity.total());
            response.capacity.each((table, index, units) -> settings.metrics.consumed(table, index, operation, units));
        }
    }

    @Override
    void close() {
        requestBody.close();
        BodyReader body = responseBody;
        if (body != null) {
            body.close();
        }
    }
}
