package dev.weir.http;

import dev.weir.core.cluster.Endpoint;

/** ClickHouse's HTTP interface. */
public final class ClickHouseProtocol extends CarriedProtocol {
    /** For the service loader. */
    public ClickHouseProtocol() {}

    @Override
    public String name() {
        return ClickHouseDetails.PROTOCOL;
    }

    @Override
    public String statsFilter() {
        return "clickhouse_stats";
    }

    @Override
    public int defaultPort() {
        return 8123;
    }

    /**
     * Codes of {@code src/Common/ErrorCodes.cpp}: 209 SOCKET_TIMEOUT, 210 NETWORK_ERROR and 279 ALL_CONNECTION_TRIES_FAILED may be of a remote table; 225
     * NO_ZOOKEEPER and 242 TABLE_IS_READ_ONLY say that this replica cannot write now. Some of its codes look like a status of HTTP.
     */
    @Override
    public Endpoint.Outcome outcome(String error) {
        return switch (error) {
            case "225", "242" -> Endpoint.Outcome.WRONG_ROLE;
            default -> Endpoint.Outcome.SUCCESS;
        };
    }
}
