package dev.weir.proxy;

import dev.weir.core.config.Address;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** Two web servers behind routes, for clients of HTTP/1.1 and HTTP/2; one of them fails now and then. */
final class DemoWeb implements DemoGuest {
    /** Name of the listener and of the cluster. */
    static final String NAME = "web";

    private static final int PORT = 8_443;
    private static final int SERVERS = 2;

    private final DemoCertificate certificate;
    private final List<DemoWebServer> servers;

    private DemoWeb(DemoCertificate certificate, List<DemoWebServer> servers) {
        this.certificate = certificate;
        this.servers = servers;
    }

    /**
     * Starts them; they end with {@code home}.
     *
     * @throws IOException if there is no certificate, or this Java has no web server
     */
    static DemoWeb start(DemoHome home, DemoCertificate.Once certificate) throws IOException, InterruptedException {
        DemoCertificate made = certificate.in(home);
        try {
            return new DemoWeb(made, List.of(DemoWebServer.start(home), DemoWebServer.start(home)));
        } catch (LinkageError e) {
            throw new IOException("this Java has no module jdk.httpserver", e);
        }
    }

    @Override
    public int port() {
        return PORT;
    }

    @Override
    public QuickStart.Front front(Address listen) {
        return new QuickStart.Front(
                NAME,
                listen,
                Map.of("certificates", List.of(certificate.element()), "alpn", List.of("h2", "http/1.1")),
                List.of(Map.of("type", "http", "routes", routes())),
                Map.of(
                        "name",
                        NAME,
                        "endpoints",
                        servers.stream()
                                .map(server -> server.address().toString())
                                .toList(),
                        "outlier_detection",
                        Map.of("interval", "500ms", "base_ejection_time", "2s", "max_ejection_percent", 50)));
    }

    private static List<Map<String, ?>> routes() {
        Map<String, ?> retries = Map.of("on", List.of("gateway_error"), "back_off", "5ms");
        return List.of(
                Map.of("path", "/healthz", "direct_response", Map.of("status", 200, "body", "ok\n")),
                Map.of("path", "/", "redirect", Map.of("path", "/search?q=new", "status", 302)),
                Map.of("path", "/search", "cluster", NAME, "retries", retries),
                // Also for POST /orders, which is not tried again: it may have been executed.
                Map.of("path", "/orders", "cluster", NAME, "retries", retries),
                Map.of("path_template", "/orders/{id}", "cluster", NAME, "retries", retries));
    }

    @Override
    public String title() {
        return SERVERS + " web servers on "
                + servers.stream()
                        .map(server -> Integer.toString(server.address().port()))
                        .collect(Collectors.joining(", "))
                + " (http with routes; TLS; HTTP/1.1 and HTTP/2)";
    }

    @Override
    public String yourself(Address listen) {
        return "curl -i --cacert " + certificate.authority() + " https://" + listen + "/orders/7";
    }

    @Override
    public Traffic begin(Address proxy, Consumer<String> news) throws IOException {
        try {
            return DemoWebTraffic.start(servers.get(1), proxy, certificate.trusting(), news);
        } catch (GeneralSecurityException e) {
            throw new IOException("this Java has no TLS: " + e.getMessage(), e);
        }
    }
}
