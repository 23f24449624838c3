package dev.weir.tls;

import dev.weir.core.Proxy;
import dev.weir.core.config.Address;
import dev.weir.core.config.ProxyConfig;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/** A proxy with one listener that echoes, and clients. */
final class TlsBed implements AutoCloseable {
    final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final Proxy proxy;

    TlsBed(Map<String, Object> configuration) {
        proxy = Proxy.builder().meters(meters).start(ProxyConfig.of(configuration));
    }

    /** A listener {@code l} whose TLS is {@code tls}, behind it {@code echo}. */
    static TlsBed echo(Map<String, Object> tls) {
        return new TlsBed(listener(tls, List.of(Map.of("type", "echo"))));
    }

    static Map<String, Object> listener(@Nullable Map<String, Object> tls, List<Object> filters) {
        Map<String, Object> listener =
                new LinkedHashMap<>(Map.of("name", "l", "address", "127.0.0.1:0", "filters", filters));
        if (tls != null) {
            listener.put("tls", tls);
        }
        return new HashMap<>(Map.of("event_loops", 1, "listeners", List.of(listener)));
    }

    /** One listener that is given as a whole, without name and address. */
    static TlsBed of(Map<String, Object> listener, List<Object> clusters) {
        Map<String, Object> whole = new LinkedHashMap<>(Map.of("name", "l", "address", "127.0.0.1:0"));
        whole.putAll(listener);
        return new TlsBed(Map.of("event_loops", 1, "listeners", List.of(whole), "clusters", clusters));
    }

    static Map<String, Object> certificate(Pki pki, String name) {
        return Map.of(
                "certificate", pki.path(name + ".pem").toString(),
                "private_key", pki.path(name + ".key").toString());
    }

    /** A section with certificates, and more keys in pairs. */
    static Map<String, Object> section(List<Map<String, Object>> certificates, Object... more) {
        Map<String, Object> section = new LinkedHashMap<>();
        section.put("certificates", certificates);
        for (int i = 0; i < more.length; i += 2) {
            section.put((String) more[i], more[i + 1]);
        }
        return section;
    }

    Proxy proxy() {
        return proxy;
    }

    Address address() {
        return proxy.address("l");
    }

    int port() {
        return address().port();
    }

    Socket plain() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port());
        socket.setSoTimeout(20_000);
        return socket;
    }

    /** Not yet shaken hands. */
    SSLSocket client(SSLContext context, @Nullable String name, String... versions) throws IOException {
        Socket socket = plain();
        SSLSocket tls = (SSLSocket) context.getSocketFactory().createSocket(socket, name, port(), true);
        tls.setSoTimeout(20_000);
        SSLParameters parameters = tls.getSSLParameters();
        if (name != null) {
            parameters.setServerNames(List.of(new SNIHostName(name)));
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
        }
        if (versions.length > 0) {
            parameters.setProtocols(versions);
        }
        tls.setSSLParameters(parameters);
        return tls;
    }

    static String ask(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
        socket.getOutputStream().flush();
        return read(socket.getInputStream(), text.length());
    }

    static String read(InputStream in, int length) throws IOException {
        return new String(in.readNBytes(length), StandardCharsets.UTF_8);
    }

    double count(String name, String... tags) {
        return meters.find(name).tags(tags).counters().stream()
                .mapToDouble(Counter::count)
                .sum();
    }

    static void eventually(BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("not within 30 s");
            }
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    static List<Object> list(Object... all) {
        return new ArrayList<>(List.of(all));
    }

    @Override
    public void close() {
        proxy.close();
    }
}
