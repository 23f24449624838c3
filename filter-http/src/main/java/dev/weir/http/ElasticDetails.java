package dev.weir.http;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Operation;
import dev.weir.http.ObservationSettings.Bodies;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import org.jspecify.annotations.Nullable;

/** One request to Elasticsearch or OpenSearch. Bodies of requests are not looked at: what a bulk is about, its answer repeats. */
final class ElasticDetails extends Details {
    static final String PROTOCOL = "elasticsearch";

    /** Stands for all indexes. */
    private static final String ALL = "_all";

    private static final int NOT_FOUND = 404;

    private final ObservationLoop loop;
    private final Bodies bodies;
    private final Operation operation;
    private final @Nullable String index;

    /** Whether the server may do without the index. */
    private final boolean lenient;

    private final ElasticResponse response = new ElasticResponse();
    private @Nullable BodyReader body;
    private int status;

    private ElasticDetails(
            ObservationLoop loop, Bodies bodies, Operation operation, @Nullable String index, boolean lenient) {
        this.loop = loop;
        this.bodies = bodies;
        this.operation = operation;
        this.index = index;
        this.lenient = lenient;
    }

    /** For a question to such a server; null for others. */
    static @Nullable ElasticDetails of(ObservationLoop loop, Bodies bodies, HttpRequest head, String uri) {
        if (!uri.startsWith("/")) {
            return null;
        }
        int query = uri.indexOf('?');
        int end = query < 0 ? uri.length() : query;
        int first = partEnd(uri, 1, end);
        String index = null;
        int word = 1;
        if (first > 1 && (uri.charAt(1) != '_' || first == ALL.length() + 1 && uri.startsWith(ALL, 1))) {
            index = loop.texts.of(uri, 1, first);
            word = Math.min(first + 1, end);
        }
        int wordEnd = partEnd(uri, word, end);
        if (wordEnd > word && uri.charAt(word) != '_') {
            return null; // /{index}/{type}/{id}, of versions before 7, or no Elasticsearch
        }
        int next = Math.min(wordEnd + 1, end);
        String asked = word == wordEnd ? "" : loop.texts.of(uri, word, wordEnd);
        String then = next >= end ? "" : loop.texts.of(uri, next, partEnd(uri, next, end));
        Operation operation = ElasticOperations.of(head.method(), asked, then, index != null);
        return operation == null
                ? null
                : new ElasticDetails(loop, bodies, operation, index, index != null && isLenient(uri, query));
    }

    /** Parameters of such servers may end with a semicolon, too. */
    private static boolean isLenient(String uri, int query) {
        return query >= 0 && (uri.indexOf(';', query) >= 0 || QueryParameter.has(uri, "ignore_unavailable"));
    }

    private static int partEnd(String uri, int from, int end) {
        int slash = uri.indexOf('/', from);
        return slash < 0 || slash > end ? end : slash;
    }

    @Override
    String protocol() {
        return PROTOCOL;
    }

    @Override
    void responseHead(HttpResponse head) {
        close();
        response.clear();
        status = head.status().code();
        HttpHeaders headers = head.headers();
        String type = headers.get(HttpHeaderNames.CONTENT_TYPE);
        boolean json = type != null && type.contains("json");
        body = json
                ? BodyReader.of(loop, bodies.bodyLimit(), null, headers.get(HttpHeaderNames.CONTENT_ENCODING), response)
                : null;
    }

    @Override
    void responseData(ByteBuf lent) {
        if (body != null) {
            body.read(lent);
        }
    }

    @Override
    void responseEnd(@Nullable HttpHeaders trailers) {
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
        countLoss(loop, body);
        boolean whole = answered && body != null && body.isWhole();
        String only = index != null ? index : whole ? response.indexes.only() : null;
        e.target = index != null ? index : whole ? response.indexes.joined(loop) : null;
        if (only != null && isOne(only)) {
            e.collection = only;
            bodies.labels().collection(e, answered && proves(only));
            e.summary = Operation.OTHER.equals(e.collection) ? null : summary(only);
        }
        if (answered && status >= 400 && response.error != null) {
            e.error = response.error;
        } else if (answered && status == NOT_FOUND && isMiss(whole)) {
            e.status = Exchange.Status.OK;
            e.error = null;
            e.hit = 0;
        } else if (answered && status >= 200 && status < 300 && ElasticOperations.EXISTENCE.contains(operation)) {
            e.hit = 1;
        }
        if (whole) {
            told(e);
        }
    }

    /** Whether the answer is one that only an index that is there has. */
    private boolean proves(String name) {
        if (operation.equals(ElasticOperations.BULK) || operation.equals(ElasticOperations.MGET)) {
            return name.equals(response.done); // each action may name another one, and fail by itself
        }
        if (status == NOT_FOUND) {
            return response.foundKnown;
        }
        return status >= 200
                && status < 300
                && !lenient
                && !response.noShards
                && ElasticOperations.OF_INDEXES.contains(operation);
    }

    /** A document that is not there was looked for in vain; that is no error. */
    private boolean isMiss(boolean whole) {
        return whole && response.foundKnown || ElasticOperations.EXISTENCE.contains(operation);
    }

    /** Not several, no pattern, and of this cluster. */
    private static boolean isOne(String name) {
        return !name.equals(ALL)
                && name.indexOf(',') < 0
                && name.indexOf('*') < 0
                && name.indexOf('%') < 0
                && name.indexOf(':') < 0;
    }

    private String summary(String name) {
        StringBuilder line = loop.line;
        line.setLength(0);
        line.append(operation.name()).append(' ').append(name);
        return loop.texts.of(line, 0, line.length());
    }

    private void told(Exchange e) {
        if (response.took >= 0) {
            e.attribute("took_ms", response.took);
        }
        if (response.timedOut) {
            e.attribute("timed_out", true);
        }
        if (response.shardsFailed > 0) {
            e.attribute("shards_failed", response.shardsFailed);
        }
        if (response.items > 0) {
            e.batch = response.items;
        }
        rows(e);
        if (response.itemErrors > 0) {
            e.attribute("item_errors", response.itemErrors);
            e.status = Exchange.Status.ERROR;
            e.error = response.itemError != null ? response.itemError : Operation.OTHER;
        }
    }

    private void rows(Exchange e) {
        if (response.searched || operation.equals(ElasticOperations.MSEARCH)) {
            e.rows = response.hits;
            if (response.total >= 0) {
                e.attribute("hits_total", response.total);
            }
        } else if (operation.equals(ElasticOperations.BULK)) {
            e.rows = response.items - response.itemErrors;
        } else if (operation.equals(ElasticOperations.MGET)) {
            e.rows = response.documentsFound;
            e.hit = response.documentsFound > 0 ? 1 : 0;
        } else if (operation.equals(ElasticOperations.COUNT)) {
            e.rows = response.count;
        } else if (response.foundKnown) {
            e.rows = response.found ? 1 : 0;
            e.hit = response.found ? 1 : 0;
        } else {
            e.rows = response.changed;
        }
    }

    @Override
    void close() {
        if (body != null) {
            body.close();
        }
    }
}
