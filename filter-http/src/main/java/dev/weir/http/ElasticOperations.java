package dev.weir.http;

import dev.weir.core.exchange.Operation;
import dev.weir.core.exchange.Operations;
import io.netty.handler.codec.http.HttpMethod;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The interface of Elasticsearch and OpenSearch: what method and path ask for, by the names that their clients have for it. A part of the path that begins with an
 * underscore is the question, what is before it the index.
 */
final class ElasticOperations {
    private static final Operations.Builder BUILDER = Operations.builder();

    /** By the first part with an underscore; those whose name depends on the method are not here. */
    private static final Map<String, Operation> BY_WORD = new HashMap<>();

    /** Those with a second word. */
    private static final Map<String, Operation> BY_WORDS = new HashMap<>();

    private static final Operation INFO = BUILDER.add("info", true);
    private static final Operation INDEX = BUILDER.add("index", false);
    private static final Operation CREATE = BUILDER.add("create", false);
    private static final Operation GET = BUILDER.add("get", true);
    private static final Operation EXISTS = BUILDER.add("exists", true);
    private static final Operation DELETE = BUILDER.add("delete", false);
    private static final Operation UPDATE = BUILDER.add("update", false);
    private static final Operation INDICES_CREATE = BUILDER.add("indices.create", false);
    private static final Operation INDICES_GET = BUILDER.add("indices.get", true);
    private static final Operation INDICES_EXISTS = BUILDER.add("indices.exists", true);
    private static final Operation INDICES_DELETE = BUILDER.add("indices.delete", false);
    private static final Operation GET_MAPPING = BUILDER.add("indices.get_mapping", true);
    private static final Operation PUT_MAPPING = BUILDER.add("indices.put_mapping", false);
    private static final Operation GET_SETTINGS = BUILDER.add("indices.get_settings", true);
    private static final Operation PUT_SETTINGS = BUILDER.add("indices.put_settings", false);
    private static final Operation GET_ALIAS = BUILDER.add("indices.get_alias", true);
    private static final Operation PUT_ALIAS = BUILDER.add("indices.put_alias", false);
    private static final Operation CLEAR_SCROLL = BUILDER.add("clear_scroll", false);
    private static final Operation OPEN_POINT = BUILDER.add("open_point_in_time", true);
    private static final Operation CLOSE_POINT = BUILDER.add("close_point_in_time", false);

    static final Operation SEARCH = word("_search", "search", true);
    static final Operation BULK = word("_bulk", "bulk", false);
    static final Operation MSEARCH = word("_msearch", "msearch", true);
    static final Operation MGET = word("_mget", "mget", true);
    static final Operation COUNT = word("_count", "count", true);

    static {
        word("_source", "get_source", true);
        word("_explain", "explain", true);
        word("_field_caps", "field_caps", true);
        word("_termvectors", "termvectors", true);
        word("_mtermvectors", "mtermvectors", true);
        word("_terms_enum", "terms_enum", true);
        word("_rank_eval", "rank_eval", true);
        word("_search_shards", "search_shards", true);
        word("_knn_search", "knn_search", true);
        word("_async_search", "async_search", true);
        word("_update_by_query", "update_by_query", false);
        word("_delete_by_query", "delete_by_query", false);
        word("_reindex", "reindex", false);
        word("_sql", "sql.query", true);
        word("_query", "esql.query", true);
        word("_refresh", "indices.refresh", false);
        word("_flush", "indices.flush", false);
        word("_forcemerge", "indices.forcemerge", false);
        word("_analyze", "indices.analyze", true);
        word("_validate", "indices.validate_query", true);
        word("_stats", "indices.stats", true);
        word("_segments", "indices.segments", true);
        word("_recovery", "indices.recovery", true);
        word("_open", "indices.open", false);
        word("_close", "indices.close", false);
        word("_rollover", "indices.rollover", false);
        word("_shrink", "indices.shrink", false);
        word("_split", "indices.split", false);
        word("_clone", "indices.clone", false);
        word("_template", "indices.template", false);
        word("_index_template", "indices.index_template", false);
        word("_component_template", "cluster.component_template", false);
        word("_data_stream", "indices.data_stream", false);
        word("_cache", "indices.clear_cache", false);
        word("_resolve", "indices.resolve", true);
        word("_cluster", "cluster", true);
        word("_cat", "cat", true);
        word("_nodes", "nodes", true);
        word("_tasks", "tasks", true);
        word("_snapshot", "snapshot", false);
        word("_ingest", "ingest", false);
        word("_scripts", "scripts", false);
        word("_ilm", "ilm", false);
        word("_slm", "slm", false);
        word("_security", "security", false);
        word("_ml", "ml", false);
        word("_transform", "transform", false);
        word("_watcher", "watcher", false);
        word("_license", "license", true);
        word("_xpack", "xpack", true);
        word("_inference", "inference", true);
        word("_plugins", "plugins", false);
        word("_render", "render_search_template", true);
        words("_search/scroll", "scroll", true);
        words("_search/template", "search_template", true);
        words("_msearch/template", "msearch_template", true);
        words("_search/point_in_time", "open_point_in_time", true);
        words("_eql/search", "eql.search", true);
        words("_cluster/health", "cluster.health", true);
        words("_cluster/state", "cluster.state", true);
        words("_cluster/stats", "cluster.stats", true);
        words("_nodes/stats", "nodes.stats", true);
    }

    static final Operations ALL = BUILDER.build();

    /** Questions whether something is there. */
    static final Set<Operation> EXISTENCE = Set.of(EXISTS, INDICES_EXISTS);

    private ElasticOperations() {}

    private static Operation word(String word, String name, boolean read) {
        Operation operation = BUILDER.add(name, read);
        BY_WORD.put(word, operation);
        return operation;
    }

    private static void words(String words, String name, boolean read) {
        BY_WORDS.put(words, BUILDER.add(name, read));
    }

    /**
     * The operation.
     *
     * @param word the first part of the path with an underscore, empty if there is none
     * @param next the part behind it, empty if there is none
     * @param indexed whether an index is before it
     * @return null if it is no question to such a server
     */
    static @Nullable Operation of(HttpMethod method, String word, String next, boolean indexed) {
        if (word.isEmpty()) {
            return indexed ? onIndex(method) : INFO;
        }
        switch (word) {
            case "_doc" -> {
                return document(method, next);
            }
            case "_create" -> {
                return CREATE;
            }
            case "_update" -> {
                return UPDATE;
            }
            case "_mapping", "_mappings" -> {
                return isRead(method) ? GET_MAPPING : PUT_MAPPING;
            }
            case "_settings" -> {
                return isRead(method) ? GET_SETTINGS : PUT_SETTINGS;
            }
            case "_alias", "_aliases" -> {
                return isRead(method) ? GET_ALIAS : PUT_ALIAS;
            }
            case "_pit" -> {
                return HttpMethod.DELETE.equals(method) ? CLOSE_POINT : OPEN_POINT;
            }
            default -> {
                return byWords(method, word, next);
            }
        }
    }

    private static @Nullable Operation byWords(HttpMethod method, String word, String next) {
        if (!next.isEmpty()) {
            if (word.equals("_search") && HttpMethod.DELETE.equals(method)) {
                return next.equals("scroll") ? CLEAR_SCROLL : CLOSE_POINT;
            }
            Operation two = BY_WORDS.get(word + '/' + next);
            if (two != null) {
                return two;
            }
        }
        Operation one = BY_WORD.get(word);
        return one != null ? one : ALL.other();
    }

    private static boolean isRead(HttpMethod method) {
        return HttpMethod.GET.equals(method) || HttpMethod.HEAD.equals(method);
    }

    private static Operation document(HttpMethod method, String id) {
        if (HttpMethod.GET.equals(method)) {
            return GET;
        }
        if (HttpMethod.HEAD.equals(method)) {
            return EXISTS;
        }
        return HttpMethod.DELETE.equals(method) && !id.isEmpty() ? DELETE : INDEX;
    }

    private static @Nullable Operation onIndex(HttpMethod method) {
        return switch (method.name()) {
            case "PUT" -> INDICES_CREATE;
            case "GET" -> INDICES_GET;
            case "HEAD" -> INDICES_EXISTS;
            case "DELETE" -> INDICES_DELETE;
            default -> null;
        };
    }
}
