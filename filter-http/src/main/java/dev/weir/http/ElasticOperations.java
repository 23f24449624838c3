package dev.weir.http;

import dev.weir.core.exchange.Operation;
import dev.weir.core.exchange.Operations;
import io.netty.handler.codec.http.HttpMethod;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The interface of Elasticsearch and OpenSearch: what method and path ask for, by the names that their clients have for it. A part of the path that begins with an
 * underscore is the question, what is before it the index.
 */
final class ElasticOperations {
    /**
     * What a word asks for.
     *
     * @param read with GET and HEAD; null if it is a change by whatever method
     * @param write with other methods; null if there are none
     * @param delete with DELETE, where that has a name of its own; else null
     * @param question whether POST asks as GET does
     */
    private record Asked(
            @Nullable Operation read,
            @Nullable Operation write,
            @Nullable Operation delete,
            boolean question) {
        Operation by(HttpMethod method) {
            if (delete != null && HttpMethod.DELETE.equals(method)) {
                return delete;
            }
            boolean reads = isRead(method) || question && HttpMethod.POST.equals(method);
            Operation of = reads && read != null ? read : write;
            return of != null ? of : ALL.other();
        }
    }

    private static final Operations.Builder BUILDER = Operations.builder();

    /** By the first part with an underscore, or by that and the next one. */
    private static final Map<String, Asked> BY_WORD = new HashMap<>();

    private static final Operation INFO = BUILDER.add("info", true);
    private static final Operation INDEX = BUILDER.add("index", false);
    private static final Operation GET = BUILDER.add("get", true);
    private static final Operation EXISTS = BUILDER.add("exists", true);
    private static final Operation DELETE = BUILDER.add("delete", false);
    private static final Operation INDICES_CREATE = BUILDER.add("indices.create", false);
    private static final Operation INDICES_GET = BUILDER.add("indices.get", true);
    private static final Operation INDICES_EXISTS = BUILDER.add("indices.exists", true);
    private static final Operation INDICES_DELETE = BUILDER.add("indices.delete", false);

    static final Operation SEARCH = question("_search", "search", null);
    static final Operation BULK = change("_bulk", "bulk");
    static final Operation MSEARCH = question("_msearch", "msearch", null);
    static final Operation MGET = question("_mget", "mget", null);
    static final Operation COUNT = question("_count", "count", null);

    static {
        documents();
        indices();
        cluster();
        features();
    }

    static final Operations ALL = BUILDER.build();

    /** Questions whether something is there. */
    static final Set<Operation> EXISTENCE = Set.of(EXISTS, INDICES_EXISTS);

    /** Those that do not succeed without the index before them, unless they are told to. Others may name several, or find out later. */
    static final Set<Operation> OF_INDEXES = named(
            "index create get exists delete update get_source search count explain field_caps termvectors terms_enum"
                    + " knn_search search_template update_by_query delete_by_query open_point_in_time indices.create"
                    + " indices.get indices.exists indices.delete indices.get_mapping indices.put_mapping"
                    + " indices.get_settings indices.put_settings indices.get_alias indices.put_alias indices.delete_alias"
                    + " indices.refresh"
                    + " indices.flush indices.forcemerge indices.clear_cache indices.stats indices.segments indices.open"
                    + " indices.close indices.rollover indices.shrink indices.split indices.clone");

    private ElasticOperations() {}

    private static Set<Operation> named(String names) {
        Set<Operation> all = new HashSet<>();
        for (String name : names.split(" ", -1)) {
            Operation operation = ALL.find(name);
            if (operation == null) {
                throw new IllegalStateException("no operation " + name);
            }
            all.add(operation);
        }
        return Set.copyOf(all);
    }

    /** What POST asks as GET does; {@code write} is what PUT and DELETE do there, if anything. */
    private static Operation question(String words, String name, @Nullable String write) {
        Operation read = BUILDER.add(name, true);
        Asked asked = new Asked(read, write == null ? null : BUILDER.add(write, false), null, true);
        for (String word : words.split(" ", -1)) {
            BY_WORD.put(word, asked);
        }
        return read;
    }

    /** A change, by whatever method. */
    private static Operation change(String word, String name) {
        Operation write = BUILDER.add(name, false);
        BY_WORD.put(word, new Asked(null, write, null, false));
        return write;
    }

    /** GET and HEAD ask, all others change. */
    private static void both(String words, String read, String write) {
        words(words, new Asked(BUILDER.add(read, true), BUILDER.add(write, false), null, false));
    }

    /** DELETE does something else than other changes. */
    private static void each(String words, String read, String write, String delete) {
        words(words, new Asked(BUILDER.add(read, true), BUILDER.add(write, false), BUILDER.add(delete, false), false));
    }

    private static void words(String words, Asked asked) {
        for (String word : words.split(" ", -1)) {
            BY_WORD.put(word, asked);
        }
    }

    private static void documents() {
        change("_create", "create");
        change("_update", "update");
        change("_update_by_query", "update_by_query");
        change("_delete_by_query", "delete_by_query");
        change("_reindex", "reindex");
        question("_source", "get_source", null);
        question("_explain", "explain", null);
        question("_field_caps", "field_caps", null);
        question("_termvectors", "termvectors", null);
        question("_mtermvectors", "mtermvectors", null);
        question("_terms_enum", "terms_enum", null);
        question("_rank_eval", "rank_eval", null);
        question("_search_shards", "search_shards", null);
        question("_knn_search", "knn_search", null);
        question("_rollup_search", "rollup.rollup_search", null);
        question("_mvt", "search_mvt", null);
        question("_graph", "graph.explore", null);
        question("_async_search", "async_search", "async_search.delete");
        question("_search/scroll", "scroll", "clear_scroll");
        question("_search/template", "search_template", null);
        question("_msearch/template", "msearch_template", null);
        question("_render", "render_search_template", null);
        question("_eql", "eql.search", "eql.delete");
        question("_sql", "sql.query", "sql.delete_async");
        change("_sql/close", "sql.clear_cursor");
        question("_query", "esql.query", "esql.async_query_delete");
        question(
                "_pit _search/point_in_time",
                "open_point_in_time",
                "close_point_in_time"); // the second is OpenSearch's
    }

    private static void indices() {
        both("_mapping _mappings", "indices.get_mapping", "indices.put_mapping");
        both("_settings", "indices.get_settings", "indices.put_settings");
        each("_alias _aliases", "indices.get_alias", "indices.put_alias", "indices.delete_alias");
        each("_template", "indices.get_template", "indices.put_template", "indices.delete_template");
        each(
                "_index_template",
                "indices.get_index_template",
                "indices.put_index_template",
                "indices.delete_index_template");
        question("_index_template/_simulate", "indices.simulate_template", null);
        question("_index_template/_simulate_index", "indices.simulate_index_template", null);
        each(
                "_component_template",
                "cluster.get_component_template",
                "cluster.put_component_template",
                "cluster.delete_component_template");
        each("_data_stream", "indices.get_data_stream", "indices.create_data_stream", "indices.delete_data_stream");
        change("_refresh", "indices.refresh");
        change("_flush", "indices.flush");
        change("_forcemerge", "indices.forcemerge");
        change("_cache", "indices.clear_cache");
        change("_open", "indices.open");
        change("_close", "indices.close");
        change("_rollover", "indices.rollover");
        change("_shrink", "indices.shrink");
        change("_split", "indices.split");
        change("_clone", "indices.clone");
        change("_block", "indices.add_block");
        change("_freeze", "indices.freeze");
        change("_unfreeze", "indices.unfreeze");
        change("_downsample", "indices.downsample");
        change("_reload_search_analyzers", "indices.reload_search_analyzers");
        both("_upgrade", "indices.get_upgrade", "indices.upgrade");
        question("_analyze", "indices.analyze", null);
        question("_validate", "indices.validate_query", null);
        question("_stats", "indices.stats", null);
        question("_segments", "indices.segments", null);
        question("_recovery", "indices.recovery", null);
        question("_shard_stores", "indices.shard_stores", null);
        question("_disk_usage", "indices.disk_usage", null);
        question("_field_usage_stats", "indices.field_usage_stats", null);
        question("_resolve", "indices.resolve", null);
    }

    private static void cluster() {
        question("_cat", "cat", null);
        question("_cluster/health", "cluster.health", null);
        question("_cluster/state", "cluster.state", null);
        question("_cluster/stats", "cluster.stats", null);
        question("_cluster/allocation", "cluster.allocation_explain", null);
        question("_nodes/stats", "nodes.stats", null);
        question("_health_report", "health_report", null);
        question("_remote", "cluster.remote_info", null);
    }

    /** Families of seldom ones: questions by their name, changes by their name and {@code .write}. */
    private static void features() {
        String families =
                "application autoscaling ccr cluster connector dangling enrich features ilm ingest license logstash"
                        + " migrate migration ml monitoring nodes opendistro plugins query_rules rollup scripts"
                        + " searchable_snapshots security slm snapshot synonyms tasks transform watcher xpack";
        for (String name : families.split(" ", -1)) {
            both('_' + name, name, name + ".write");
        }
        question("_inference", "inference", "inference.write");
        question("_plugins/_sql", "plugins.sql", null);
        question("_plugins/_ppl", "plugins.ppl", null);
        question("_text_structure", "text_structure", null);
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
            return indexed ? onIndex(method) : isRead(method) ? INFO : null;
        }
        if (word.equals("_doc")) {
            return document(method, next);
        }
        Asked two = next.isEmpty() ? null : BY_WORD.get(word + '/' + next);
        Asked asked = two != null ? two : BY_WORD.get(word);
        return asked != null ? asked.by(method) : ALL.other();
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
