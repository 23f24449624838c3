package dev.weir.http;

import dev.weir.core.cluster.Endpoint;
import java.util.List;

/** Elasticsearch and OpenSearch, carried by HTTP. */
public final class ElasticsearchProtocol extends CarriedProtocol {
    /** For the service loader. */
    public ElasticsearchProtocol() {}

    @Override
    public String name() {
        return ElasticDetails.PROTOCOL;
    }

    @Override
    public List<String> aliases() {
        return List.of("opensearch");
    }

    @Override
    public String statsFilter() {
        return "elasticsearch_stats";
    }

    @Override
    public int defaultPort() {
        return 9200;
    }

    /** Of the server as a whole; that a shard is missing, or a breaker has tripped, may be a client's doing. */
    @Override
    public Endpoint.Outcome outcome(String error) {
        return switch (error) {
            case "master_not_discovered_exception", "node_closed_exception", "node_not_connected_exception" ->
                Endpoint.Outcome.FAILURE;
            default -> HttpProtocol.outcomeOf(error);
        };
    }
}
