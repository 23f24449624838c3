package dev.weir.proxy;

import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Paths of the admin server and what answers them. */
final class AdminRoutes {
    private static final String NAME = "NAME";
    private static final List<String> SWITCH = List.of("true", "false");

    /** Answers a request. */
    @FunctionalInterface
    interface Answer {
        CompletableFuture<AdminResponse> to(AdminRequest request, String accept, String name);
    }

    /** Answers a request at once. */
    @FunctionalInterface
    private interface Now {
        AdminResponse to(AdminRequest request);
    }

    /**
     * A path.
     *
     * @param method GET (HEAD goes along) or POST
     * @param path with {@code NAME} for one part that varies
     * @param parameters what it takes
     * @param answer null for the event stream, which is no answer but goes on
     */
    record Route(
            HttpMethod method,
            String path,
            List<String> parameters,
            @Nullable Answer answer) {}

    private final AdminSource source;
    private final List<Route> routes = new ArrayList<>();

    AdminRoutes(AdminSource source) {
        this.source = source;
        AdminViews views = new AdminViews(source);
        MetricsView metrics = new MetricsView(source);
        get("/", List.of(), request -> AdminPage.response());
        routes.add(new Route(HttpMethod.GET, "/metrics", List.of(), (r, accept, n) -> done(metrics.scrape(accept))));
        get("/exchanges/top", AdminViews.TOP_PARAMETERS, views::top);
        get("/exchanges/errors", List.of("limit", "listener"), views::errors);
        get("/exchanges/slow", List.of("limit"), views::slow);
        routes.add(new Route(HttpMethod.GET, LiveStream.PATH, LiveStream.PARAMETERS, null));
        get("/keys/hot", List.of("by", "limit"), views::hotKeys);
        get("/listeners", List.of(), request -> views.listeners(null));
        get("/clusters", List.of(), request -> views.clusters());
        get("/config", List.of(), request -> views.config());
        get("/ready", List.of(), request -> ready());
        get("/healthz", List.of(), request -> AdminResponse.text(HttpResponseStatus.OK, AdminResponse.TEXT, "ok\n"));
        post("/drain", List.of(), (r, accept, n) -> done(drain()));
        post("/reload", List.of(), (r, accept, n) -> reload());
        post("/log", List.of("level"), (r, accept, n) -> done(log(r)));
        post("/listeners/" + NAME + "/decode", List.of("enabled"), (r, accept, name) -> done(decode(views, r, name)));
    }

    private void get(String path, List<String> parameters, Now answer) {
        routes.add(new Route(HttpMethod.GET, path, parameters, (r, accept, n) -> done(answer.to(r))));
    }

    private void post(String path, List<String> parameters, Answer answer) {
        routes.add(new Route(HttpMethod.POST, path, parameters, answer));
    }

    private static CompletableFuture<AdminResponse> done(AdminResponse response) {
        return CompletableFuture.completedFuture(response);
    }

    /** What was found for a request; exactly one of the two is set. */
    record Found(
            @Nullable Route route, String name, @Nullable AdminResponse refusal) {}

    /** Finds what answers {@code request}. */
    Found find(HttpMethod method, AdminRequest request) {
        TreeSet<String> allowed = new TreeSet<>();
        HttpMethod wanted = method.equals(HttpMethod.HEAD) ? HttpMethod.GET : method;
        for (Route route : routes) {
            String name = match(route.path(), request.path());
            if (name != null && route.method().equals(wanted)) {
                request.allowOnly(route.parameters());
                return new Found(route, name, null);
            }
            if (name != null) {
                allowed.add(route.method().name());
                if (route.method().equals(HttpMethod.GET)) {
                    allowed.add("HEAD");
                }
            }
        }
        if (allowed.isEmpty()) {
            return new Found(null, "", notFound(request.path()));
        }
        String allow = String.join(", ", allowed);
        String message = method.name() + " " + request.path() + " (expected: " + allow + ")";
        AdminResponse refusal = AdminResponse.error(HttpResponseStatus.METHOD_NOT_ALLOWED, message);
        return new Found(null, "", refusal.header("Allow", allow));
    }

    /** The part at the place of {@code NAME}, an empty text if there is no such place, or null if it does not match. */
    private static @Nullable String match(String pattern, String path) {
        int at = pattern.indexOf(NAME);
        if (at < 0) {
            return pattern.equals(path) ? "" : null;
        }
        String before = pattern.substring(0, at);
        String after = pattern.substring(at + NAME.length());
        boolean fits =
                path.startsWith(before) && path.endsWith(after) && path.length() > before.length() + after.length();
        return fits ? path.substring(before.length(), path.length() - after.length()) : null;
    }

    /** All of them: {@code GET /listeners}. */
    List<String> paths() {
        return routes.stream().map(route -> route.method() + " " + route.path()).toList();
    }

    private AdminResponse notFound(String path) {
        String shown = path.length() > 100 ? path.substring(0, 100) + "…" : path;
        return AdminResponse.json(HttpResponseStatus.NOT_FOUND, json -> {
            json.writeStringField("error", "no path \"" + shown + "\" (expected: one of paths)");
            json.writeArrayFieldStart("paths");
            for (String known : paths()) {
                json.writeString(known);
            }
            json.writeEndArray();
        });
    }

    private AdminResponse ready() {
        String not = source.draining() ? "draining\n" : source.started() ? null : "starting\n";
        return not != null
                ? AdminResponse.text(HttpResponseStatus.SERVICE_UNAVAILABLE, AdminResponse.TEXT, not)
                : AdminResponse.text(HttpResponseStatus.OK, AdminResponse.TEXT, "ready\n");
    }

    private AdminResponse drain() {
        source.drain();
        return AdminResponse.json(HttpResponseStatus.ACCEPTED, json -> json.writeBooleanField("draining", true));
    }

    private static AdminResponse log(AdminRequest request) {
        String level = request.required("level", Logs.LEVELS);
        String was = Logs.level();
        Logs.level(level);
        return AdminResponse.json(json -> {
            json.writeStringField("level", level);
            json.writeStringField("was", was);
        });
    }

    private CompletableFuture<AdminResponse> reload() {
        CompletableFuture<AdminSource.ReloadOutcome> reload = source.reload();
        if (reload == null) {
            return done(AdminResponse.error(
                    HttpResponseStatus.CONFLICT,
                    "there is no configuration file (expected: a proxy started by weir run)"));
        }
        return reload.thenApply(outcome -> {
            HttpResponseStatus status =
                    outcome.applied() ? HttpResponseStatus.OK : HttpResponseStatus.UNPROCESSABLE_ENTITY;
            return AdminResponse.json(status, json -> {
                json.writeBooleanField("applied", outcome.applied());
                json.writeStringField(outcome.applied() ? "report" : "error", outcome.report());
            });
        });
    }

    private AdminResponse decode(AdminViews views, AdminRequest request, String name) {
        boolean enabled = request.required("enabled", SWITCH).equals("true");
        if (!source.decode(name, enabled)) {
            List<String> names =
                    source.listeners().stream().map(listener -> listener.name()).toList();
            throw new AdminException(
                    HttpResponseStatus.NOT_FOUND,
                    "no listener \"" + name + "\" (expected: " + String.join(", ", names) + ")");
        }
        return views.listeners(name);
    }
}
