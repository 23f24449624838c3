package dev.weir.http;

import dev.weir.core.exchange.Operation;
import io.netty.handler.codec.http.HttpMethod;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Which operation Elasticsearch or OpenSearch, of any version, would take a request for, and in which indexes.
 *
 * @param operation {@code _OTHER} if that is not sure
 * @param reads whether it changes nothing, for sure
 * @param indexes where all of them are in the path: names and patterns; else none
 */
record ElasticAsked(Operation operation, boolean reads, List<String> indexes) {
    private static final ElasticAsked UNKNOWN = new ElasticAsked(ElasticOperations.ALL.other(), false, List.of());

    /** What reads although it is sent by POST, as its question is in the body. */
    private static final Set<String> READ_BY_POST = Set.of(
            "search",
            "msearch",
            "mget",
            "count",
            "explain",
            "field_caps",
            "termvectors",
            "mtermvectors",
            "terms_enum",
            "rank_eval",
            "search_shards",
            "scroll",
            "search_template",
            "msearch_template",
            "render_search_template",
            "eql.search",
            "esql.query",
            "sql.query",
            "indices.analyze",
            "indices.validate_query");

    /** What is about the indexes of its path, and no other ones that its body names. */
    private static final Set<String> IN_PATH = Set.of(
            "get",
            "exists",
            "index",
            "create",
            "delete",
            "update",
            "get_source",
            "explain",
            "termvectors",
            "search",
            "count",
            "field_caps",
            "terms_enum",
            "rank_eval",
            "search_shards",
            "update_by_query",
            "delete_by_query",
            "indices.create",
            "indices.get",
            "indices.exists",
            "indices.delete",
            "indices.get_mapping",
            "indices.put_mapping",
            "indices.get_settings",
            "indices.put_settings",
            "indices.get_alias",
            "indices.refresh",
            "indices.flush",
            "indices.forcemerge",
            "indices.stats",
            "indices.segments",
            "indices.recovery",
            "indices.validate_query",
            "indices.open",
            "indices.close",
            "indices.clear_cache");

    static ElasticAsked of(HttpMethod method, String target) {
        String path = Paths.of(target);
        if (!path.startsWith("/")) {
            return UNKNOWN;
        }
        List<String> parts = parts(path);
        for (int i = 0; i < parts.size(); i++) {
            String part = parts.get(i);
            // Behind the first word only older versions know others: /{index}/{type}/_search, with _doc as any type.
            boolean word = i > 1 && parts.get(0).charAt(0) != '_' && part.startsWith("_");
            if (part.isEmpty() || word || part.regionMatches(true, 0, "%5f", 0, 3)) {
                return UNKNOWN;
            }
        }
        boolean indexed = !parts.isEmpty() && parts.get(0).charAt(0) != '_';
        String word = parts.size() > (indexed ? 1 : 0) ? parts.get(indexed ? 1 : 0) : "";
        String next = parts.size() > (indexed ? 2 : 1) ? parts.get(indexed ? 2 : 1) : "";
        if (!word.isEmpty() && (word.charAt(0) != '_' || word.indexOf('%') >= 0)) {
            return UNKNOWN;
        }
        Operation asked = ElasticOperations.of(method, word, next, indexed);
        boolean deep = parts.size() > (indexed ? 3 : 2);
        if (asked == null || !fits(asked, method, indexed, next) || word.equals("_data_stream") && deep) {
            return UNKNOWN;
        }
        boolean reads = asked.read()
                && (isSafe(method) || HttpMethod.POST.equals(method) && READ_BY_POST.contains(asked.name()));
        return new ElasticAsked(
                asked, reads, indexed && IN_PATH.contains(asked.name()) ? indexes(parts.get(0)) : List.of());
    }

    /** Slashes at the end say nothing. */
    private static List<String> parts(String path) {
        List<String> parts = new ArrayList<>(4);
        int end = path.length();
        while (end > 0 && path.charAt(end - 1) == '/') {
            end--;
        }
        for (int at = 1; at < end; ) {
            int slash = path.indexOf('/', at);
            int to = slash < 0 || slash > end ? end : slash;
            parts.add(path.substring(at, to));
            at = to + 1;
        }
        return parts;
    }

    /** Whether the method is one by which the operation is asked for. */
    private static boolean fits(Operation asked, HttpMethod method, boolean indexed, String next) {
        if (HttpMethod.DELETE.equals(method) && !deletes(asked.name())) {
            return false;
        }
        boolean puts = HttpMethod.PUT.equals(method) || HttpMethod.POST.equals(method);
        return switch (asked.name()) {
            case "info" -> isSafe(method);
            case "index" -> puts;
            case "indices.create_data_stream" -> HttpMethod.PUT.equals(method);
            case "create", "update" -> puts && !next.isEmpty();
            case "esql.query", "esql.async_query_delete" ->
                !indexed; // DELETE /{index}/_query was a plugin that deletes by query
            default -> !(asked.read() && indexed) || isSafe(method) || HttpMethod.POST.equals(method);
        };
    }

    /** Whether a name says that something goes. */
    private static boolean deletes(String name) {
        return name.contains("delete")
                || name.endsWith(".write")
                || name.equals("clear_scroll")
                || name.equals("close_point_in_time");
    }

    private static boolean isSafe(HttpMethod method) {
        return HttpMethod.GET.equals(method) || HttpMethod.HEAD.equals(method);
    }

    private static List<String> indexes(String expression) {
        List<String> all = List.of(expression.split(",", -1));
        for (String one : all) {
            if (one.isEmpty() || "-+_".indexOf(one.charAt(0)) >= 0 || !isName(one)) {
                return List.of(); // left out, dates, other clusters, escapes
            }
        }
        return all;
    }

    private static boolean isName(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean good =
                    c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || "._-*".indexOf(c) >= 0;
            if (!good) {
                return false;
            }
        }
        return true;
    }
}
