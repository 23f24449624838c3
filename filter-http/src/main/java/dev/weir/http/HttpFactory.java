package dev.weir.http;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.TerminalFactory;
import java.util.Set;

/** The terminal {@code http}: requests of HTTP/1.1 and HTTP/2, by routes to clusters. See {@code docs/filters/http.md}. */
public final class HttpFactory implements TerminalFactory {
    /** For the service loader. */
    public HttpFactory() {}

    @Override
    public String type() {
        return "http";
    }

    @Override
    public Set<String> produces() {
        return Set.of("http", "dynamodb", "elasticsearch", "clickhouse", "grpc");
    }

    @Override
    public Configured configure(ConfigNode config, FilterEnvironment environment) {
        HttpSettings settings = HttpSettings.read(config, environment);
        return loop -> {
            HttpLoop home = new HttpLoop(settings, loop);
            environment.onClose(home::close);
            return context -> new HttpTerminal(home, context);
        };
    }
}
