package dev.weir.http;

import dev.weir.core.protocol.Command;
import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.core.protocol.ServiceOperation;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A request as policies see it, and what they decide as the exchange understands it. */
final class HttpCommand implements Command, Consumer<Decision> {
    private static final Logger LOG = LoggerFactory.getLogger(HttpCommand.class);
    private static final String HEADER = "request_header:";
    /** What {@link #attribute} knows. */
    static final Set<String> ATTRIBUTES =
            Set.of("method", "host", "path", "path_template", "service_operation", HEADER);

    private static final int INTERNAL = 500;

    private final ConnectionPolicies.Asked asked;
    private final Verdict verdict;

    HttpCommand(ConnectionPolicies.Asked asked, Verdict verdict) {
        this.asked = asked;
        this.verdict = verdict;
    }

    /** Methods that only read, by RFC 9110, 9.2.1; all others may write. */
    static Kind kindOf(HttpMethod method) {
        boolean safe = method.equals(HttpMethod.GET)
                || method.equals(HttpMethod.HEAD)
                || method.equals(HttpMethod.OPTIONS)
                || method.equals(HttpMethod.TRACE);
        return safe ? Kind.READ : Kind.WRITE;
    }

    // ---- the request

    @Override
    public String name() {
        return asked.operation();
    }

    @Override
    public @Nullable String namespace() {
        return null;
    }

    @Override
    public List<String> namespaces() {
        return asked.called().namespaces();
    }

    @Override
    public List<ServiceOperation> serviceOperations() {
        return asked.called().operations();
    }

    @Override
    public @Nullable String user() {
        return asked.user();
    }

    @Override
    public boolean readOnly() {
        return asked.called().kind() == Kind.READ;
    }

    @Override
    public Kind kind() {
        return asked.called().kind();
    }

    @Override
    public @Nullable String attribute(String name) {
        HttpRequest head = asked.head();
        switch (name) {
            case "method":
                return head.method().name();
            case "host":
                return host(head);
            case "path":
                return path(head.uri());
            case "path_template":
                return template();
            case "service_operation":
                List<ServiceOperation> services = serviceOperations();
                return services.isEmpty() ? null : services.get(0).name();
            default:
                return name.startsWith(HEADER) ? header(head, name.substring(HEADER.length())) : null;
        }
    }

    /** Of {@code GET /users/{id}}; operations of services (GetItem) have none. */
    private @Nullable String template() {
        String name = asked.operation();
        int space = name.indexOf(' ');
        return space < 0 || !name.startsWith(asked.head().method().name()) ? null : name.substring(space + 1);
    }

    /** All its values, as one that combines them would write it; with {@code :method}, {@code :path} and {@code :authority} as in HTTP/2. */
    private @Nullable String header(HttpRequest head, String name) {
        switch (name) {
            case ":method":
                return head.method().name();
            case ":path":
                return origin(head.uri());
            case ":authority":
                return authority(head);
            default:
                List<String> values = head.headers().getAll(name);
                return values.isEmpty() ? null : values.size() == 1 ? values.get(0) : String.join(",", values);
        }
    }

    private static @Nullable String authority(HttpRequest head) {
        String target = head.uri();
        int scheme = target.startsWith("/") ? -1 : target.indexOf("://");
        if (scheme < 0) {
            return head.headers().get(HttpHeaderNames.HOST);
        }
        int end = scheme + 3;
        while (end < target.length() && "/?#".indexOf(target.charAt(end)) < 0) {
            end++;
        }
        return target.substring(scheme + 3, end);
    }

    /** Without what is before an @ and without the port, in lower case. */
    private static @Nullable String host(HttpRequest head) {
        String authority = authority(head);
        if (authority == null) {
            return null;
        }
        String host = authority.substring(authority.lastIndexOf('@') + 1);
        int colon = host.lastIndexOf(':');
        boolean port = colon >= 0 && host.indexOf(']', colon) < 0;
        return (port ? host.substring(0, colon) : host).toLowerCase(Locale.ROOT);
    }

    /** The target as an origin server gets it, with its query. */
    private static String origin(String target) {
        int scheme = target.startsWith("/") ? -1 : target.indexOf("://");
        if (scheme < 0) {
            return target;
        }
        int path = target.indexOf('/', scheme + 3);
        int query = target.indexOf('?', scheme + 3);
        if (path < 0 || query >= 0 && query < path) {
            return query < 0 ? "/" : "/" + target.substring(query);
        }
        return target.substring(path);
    }

    private static String path(String target) {
        String origin = origin(target);
        int query = origin.indexOf('?');
        return query < 0 ? origin : origin.substring(0, query);
    }

    // ---- the decision

    @Override
    public void accept(Decision decision) {
        if (decision instanceof Decision.Allow) {
            verdict.go();
        } else if (decision instanceof Decision.Deny deny) {
            verdict.refuse(status(deny), deny.message(), seconds(deny.retryAfter()));
        } else if (decision instanceof Decision.Abort abort) {
            verdict.abort(abort.reason());
        } else if (decision instanceof Decision.Close close) {
            verdict.close(close.reason(), status(close.error()), close.error().message());
        } else {
            // Bytes of a wire format: HTTP has two of them, and a policy knows neither.
            LOG.error("A policy answers a request with bytes, which HTTP cannot use: {}", decision);
            verdict.refuse(INTERNAL, "internal error", 0);
        }
    }

    private static int status(Decision.Deny deny) {
        int status = HttpPolicies.status(deny.code());
        return status > 0 ? status : INTERNAL;
    }

    /** Rounded up, as who comes too early is refused again. */
    private static long seconds(@Nullable Duration time) {
        return time == null ? 0 : Math.max(1, time.plusNanos(999_999_999).toSeconds());
    }
}
