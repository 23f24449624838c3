package dev.weir.proxy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.weir.core.config.Address;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A small web server for the demo, the one that the JDK has: orders, and a search. It can be told to fail. A class of
 * its own: a Java may have been made without that module. For any thread.
 */
final class DemoWebServer {
    /** Orders from here on are not there. */
    static final int ORDERS = 1_000;

    private static final int WORKERS = 4;
    private static final int HITS = 40;

    private final HttpServer server;
    private final AtomicLong numbers = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();
    private volatile boolean failing;

    private DemoWebServer(HttpServer server) {
        this.server = server;
    }

    /** Starts one in this process; it ends with {@code home}. */
    static DemoWebServer start(DemoHome home) throws IOException {
        // Head and body are two writes: the second must not wait until the first is acknowledged.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        ExecutorService workers = Executors.newFixedThreadPool(WORKERS, task -> {
            Thread thread = new Thread(task, "demo-web-server");
            thread.setDaemon(true);
            return thread;
        });
        DemoWebServer web = new DemoWebServer(server);
        server.setExecutor(workers);
        server.createContext("/orders", web::orders);
        server.createContext("/search", web::search);
        server.start();
        try {
            home.onEnd(() -> {
                server.stop(0);
                workers.shutdownNow();
            });
        } catch (IOException e) {
            server.stop(0);
            throw e;
        }
        return web;
    }

    Address address() {
        return new Address("127.0.0.1", server.getAddress().getPort());
    }

    /** From now on it answers 503 to everything, or no more. */
    void fail(boolean fail) {
        failing = fail;
    }

    /** How often it answered 503. */
    long refused() {
        return refused.get();
    }

    private void orders(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        if (exchange.getRequestMethod().equals("POST")) {
            long number = numbers.incrementAndGet() % ORDERS;
            exchange.getResponseHeaders().set("Location", "/orders/" + number);
            answer(exchange, 201, "{\"id\":" + number + "}\n");
            return;
        }
        String id = path.substring(path.lastIndexOf('/') + 1);
        if (id.matches("\\d{1,3}")) {
            answer(exchange, 200, "{\"id\":" + id + ",\"product\":\"p" + id + "\",\"state\":\"on its way\"}\n");
        } else {
            answer(exchange, 404, "{\"error\":\"no such order\"}\n");
        }
    }

    private void search(HttpExchange exchange) throws IOException {
        String hits = IntStream.range(0, HITS)
                .mapToObj(i -> "{\"product\":\"p" + i + "\",\"name\":\"Product " + i + "\",\"price\":" + i % 97 + "}")
                .collect(Collectors.joining(",\n", "[", "]\n"));
        answer(exchange, 200, hits);
    }

    private void answer(HttpExchange exchange, int status, String text) throws IOException {
        try (exchange) {
            exchange.getRequestBody().readAllBytes();
            boolean refuse = failing;
            if (refuse) {
                refused.incrementAndGet();
            }
            byte[] body = (refuse ? "{\"error\":\"out of order\"}\n" : text).getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(refuse ? 503 : status, body.length);
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(body);
            }
        }
    }
}
