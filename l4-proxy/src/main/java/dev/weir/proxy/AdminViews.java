package dev.weir.proxy;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.weir.core.Proxy.ClusterStatus;
import dev.weir.core.Proxy.EndpointStatus;
import dev.weir.core.Proxy.LimitStatus;
import dev.weir.core.Proxy.ListenerStatus;
import dev.weir.core.Proxy.OverloadStatus;
import dev.weir.core.exchange.CommandStats.ErrorRow;
import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.ExchangeJson;
import dev.weir.core.exchange.HotKeys;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The answers in JSON that only show. Names of fields are a contract, written down in {@code docs/admin.md}. */
final class AdminViews {
    static final List<String> TOP_PARAMETERS = List.of("by", "sort", "limit", "listener");
    private static final int MAX_LIMIT = 10_000;
    private static final List<String> RANKS = List.of("calls", "bytes_in", "bytes_out", "time");

    private final AdminSource source;

    AdminViews(AdminSource source) {
        this.source = source;
    }

    AdminResponse top(AdminRequest request) {
        String by = request.oneOf("by", UsageTable.DIMENSIONS);
        String sort = request.oneOf("sort", UsageRow.SORTS);
        int limit = request.integer("limit", 100, 1, MAX_LIMIT);
        UsageTable table =
                UsageTable.of(source.exchanges(), by, listener(request)).sorted(sort);
        return AdminResponse.json(json -> {
            json.writeStringField("by", by);
            json.writeStringField("sort", sort);
            json.writeNumberField("total", table.rows().size());
            json.writeArrayFieldStart("exchanges");
            for (UsageRow row :
                    table.rows().subList(0, Math.min(limit, table.rows().size()))) {
                row.write(json, by);
            }
            json.writeEndArray();
        });
    }

    private @Nullable String listener(AdminRequest request) {
        String listener = request.text("listener");
        List<String> names =
                source.listeners().stream().map(ListenerStatus::name).toList();
        if (listener != null && !names.contains(listener)) {
            throw AdminException.badParameter("listener", listener, String.join(", ", names));
        }
        return listener;
    }

    AdminResponse errors(AdminRequest request) {
        int limit = request.integer("limit", 100, 1, MAX_LIMIT);
        String listener = listener(request);
        return AdminResponse.json(json -> {
            json.writeArrayFieldStart("errors");
            int written = 0;
            for (ErrorRow row : source.exchanges().commands().errors()) {
                if ((listener == null || listener.equals(row.listener())) && written++ < limit) {
                    json.writeStartObject();
                    json.writeStringField("listener", row.listener());
                    json.writeStringField("protocol", row.protocol());
                    json.writeStringField("error", row.code());
                    json.writeNumberField("calls", row.count());
                    json.writeStringField("first", time(row.firstMicros()));
                    json.writeStringField("last", time(row.lastMicros()));
                    json.writeEndObject();
                }
            }
            json.writeEndArray();
        });
    }

    private static String time(long micros) {
        return Instant.EPOCH.plus(micros, ChronoUnit.MICROS).toString();
    }

    AdminResponse slow(AdminRequest request) {
        int limit = request.integer("limit", 100, 1, MAX_LIMIT);
        return AdminResponse.json(json -> {
            json.writeArrayFieldStart("exchanges");
            for (Exchange exchange : source.exchanges().slow().newest(limit)) {
                ExchangeJson.write(json, exchange, source.clock());
            }
            json.writeEndArray();
        });
    }

    AdminResponse hotKeys(AdminRequest request) {
        String by = request.oneOf("by", RANKS);
        int limit = request.integer("limit", 100, 1, MAX_LIMIT);
        HotKeys keys = source.exchanges().hotKeys();
        HotKeys.Rank rank = HotKeys.Rank.valueOf(by.toUpperCase(Locale.ROOT));
        return AdminResponse.json(json -> {
            json.writeStringField("by", by);
            json.writeBooleanField("enabled", keys.enabled());
            json.writeArrayFieldStart("keys");
            for (HotKeys.Row row : keys.top(rank, limit)) {
                json.writeStartObject();
                json.writeStringField("listener", row.listener());
                if (row.namespace() != null) {
                    json.writeStringField("namespace", row.namespace());
                }
                json.writeStringField("key", row.key());
                json.writeNumberField("value", row.value());
                json.writeNumberField("error", row.error());
                json.writeEndObject();
            }
            json.writeEndArray();
        });
    }

    /** All listeners, or the one of a name. */
    AdminResponse listeners(@Nullable String only) {
        return AdminResponse.json(json -> {
            json.writeArrayFieldStart("listeners");
            for (ListenerStatus listener : source.listeners()) {
                if (only == null || only.equals(listener.name())) {
                    write(json, listener);
                }
            }
            json.writeEndArray();
            overload(json, source.overload());
        });
    }

    private static void overload(JsonGenerator json, OverloadStatus overload) throws IOException {
        json.writeObjectFieldStart("overload");
        json.writeStringField("step", overload.step());
        json.writeStringField("cause", overload.cause());
        json.writeNumberField("connections", overload.connections());
        json.writeNumberField("max_connections", overload.maxConnections());
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, ListenerStatus listener) throws IOException {
        json.writeStartObject();
        json.writeStringField("name", listener.name());
        json.writeStringField("address", listener.address().toString());
        json.writeArrayFieldStart("filters");
        for (String filter : listener.filters()) {
            json.writeString(filter);
        }
        json.writeEndArray();
        json.writeNumberField("connections_active", listener.connectionsActive());
        json.writeNumberField("connections_total", listener.connectionsTotal());
        json.writeNumberField("bytes_from_clients", listener.bytesFromClients());
        json.writeNumberField("bytes_to_clients", listener.bytesToClients());
        json.writeBooleanField("accepting", listener.accepting());
        json.writeBooleanField("decoding", listener.decoding());
        json.writeEndObject();
    }

    AdminResponse clusters() {
        return AdminResponse.json(json -> {
            json.writeArrayFieldStart("clusters");
            for (ClusterStatus cluster : source.clusters()) {
                json.writeStartObject();
                json.writeStringField("name", cluster.name());
                json.writeStringField("load_balancing", cluster.loadBalancing());
                json.writeNumberField("version", cluster.version());
                json.writeBooleanField("panic", cluster.panic());
                if (cluster.tls() != null) {
                    json.writeStringField("tls", cluster.tls());
                }
                json.writeArrayFieldStart("limits");
                for (LimitStatus limit : cluster.limits()) {
                    limit(json, limit);
                }
                json.writeEndArray();
                json.writeArrayFieldStart("endpoints");
                for (EndpointStatus endpoint : cluster.endpoints()) {
                    endpoint(json, endpoint);
                }
                json.writeEndArray();
                json.writeEndObject();
            }
            json.writeEndArray();
        });
    }

    private static void limit(JsonGenerator json, LimitStatus limit) throws IOException {
        json.writeStartObject();
        json.writeStringField("limit", limit.limit());
        if (limit.open() >= 0) {
            json.writeNumberField("open", limit.open());
        }
        if (limit.most() >= 0) {
            json.writeNumberField("max", limit.most());
        }
        json.writeNumberField("overflows", limit.overflows());
        json.writeEndObject();
    }

    private static void endpoint(JsonGenerator json, EndpointStatus endpoint) throws IOException {
        json.writeStartObject();
        json.writeStringField("address", endpoint.address());
        if (endpoint.name() != null) {
            json.writeStringField("name", endpoint.name());
        }
        json.writeNumberField("weight", endpoint.weight());
        json.writeStringField("health", endpoint.health());
        if (!endpoint.reason().isEmpty()) {
            json.writeStringField("reason", endpoint.reason());
        }
        json.writeStringField("since", endpoint.since().toString());
        if (endpoint.ejectedUntil() != null) {
            json.writeStringField("ejected_until", endpoint.ejectedUntil().toString());
        }
        json.writeNumberField("connections_active", endpoint.connectionsActive());
        json.writeNumberField("connects", endpoint.connects());
        json.writeNumberField("connect_failures", endpoint.connectFailures());
        if (!endpoint.metadata().isEmpty()) {
            json.writeFieldName("metadata");
            Json.write(json, endpoint.metadata());
        }
        json.writeEndObject();
    }

    AdminResponse config() {
        Object redacted = Redaction.redact(source.config());
        return AdminResponse.json(json -> {
            json.writeFieldName("config");
            Json.write(json, redacted);
            AdminSource.LastReload last = source.lastReload();
            if (last != null) {
                String text = last.outcome().report();
                json.writeObjectFieldStart("last_reload");
                json.writeStringField("at", last.at().toString());
                json.writeBooleanField("applied", last.outcome().applied());
                json.writeStringField(last.outcome().applied() ? "report" : "error", text);
                json.writeEndObject();
            }
        });
    }
}
