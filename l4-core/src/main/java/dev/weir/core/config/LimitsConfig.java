package dev.weir.core.config;

import org.jspecify.annotations.Nullable;

/**
 * What a cluster lets in ({@code circuit_breakers}). 0 is no limit.
 *
 * @param connections to all endpoints together
 * @param pending clients or exchanges that wait for a connection
 * @param requests open exchanges
 * @param retries attempts after a first one, at a time
 * @param budget the same as a share of what goes on, or null
 * @param hostConnections to one endpoint
 * @param hostRate new connections to one endpoint per second
 * @param hostBurst so many of them at once after a pause; at least 1
 */
public record LimitsConfig(
        int connections,
        int pending,
        int requests,
        int retries,
        @Nullable RetryBudget budget,
        int hostConnections,
        int hostRate,
        int hostBurst) {

    /** No limit at all. */
    public static final LimitsConfig NONE = new LimitsConfig(0, 0, 0, 0, null, 0, 0, 1);

    private static final int MOST_PER_SECOND = 1_000_000;

    /**
     * How many retries there may be at a time.
     *
     * @param percent of the open and the waiting exchanges
     * @param minimum but always so many
     */
    public record RetryBudget(int percent, int minimum) {
        static RetryBudget from(ConfigNode node) {
            RetryBudget budget = new RetryBudget(
                    (int) node.integer("percent", 20, 0, 100), (int) node.integer("minimum", 3, 0, Integer.MAX_VALUE));
            node.rejectUnknown();
            return budget;
        }
    }

    static LimitsConfig from(ConfigNode node) {
        if (node.has("max_retries") && node.has("retry_budget")) {
            node.error("max_retries", "beside retry_budget (expected: one of the two)");
        }
        int rate = 0;
        int burst = 1;
        if (node.has("connection_rate")) {
            ConfigNode of = node.required("connection_rate");
            rate = (int) of.integer("per_second", 1, 1, MOST_PER_SECOND);
            of.required("per_second");
            burst = (int) of.integer("burst", rate, 1, MOST_PER_SECOND);
            of.rejectUnknown();
        }
        LimitsConfig config = new LimitsConfig(
                count(node, "max_connections"),
                count(node, "max_pending"),
                count(node, "max_requests"),
                count(node, "max_retries"),
                node.has("retry_budget") ? RetryBudget.from(node.required("retry_budget")) : null,
                count(node, "max_connections_per_host"),
                rate,
                burst);
        node.rejectUnknown();
        return config;
    }

    private static int count(ConfigNode node, String key) {
        return (int) node.integer(key, 0, 0, Integer.MAX_VALUE);
    }
}
