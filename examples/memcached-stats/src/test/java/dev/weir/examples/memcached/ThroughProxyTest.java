package dev.weir.examples.memcached;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import dev.weir.core.exchange.Exchange;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The filters as they run: in a proxy, between a client and a server, also out of a jar of their own. */
class ThroughProxyTest {
    private static final String CONVERSATION =
            "set foo 0 0 5\r\nhello\r\nget foo bar\r\ndelete bar\r\nflush_all\r\nquit\r\n";
    private static final String ANSWERS = "STORED\r\nVALUE foo 0 5\r\nhello\r\nEND\r\nNOT_FOUND\r\nERROR\r\n";

    private final Queue<Exchange> exchanges = new ConcurrentLinkedQueue<>();

    @Test
    void measuresWhatClientAndServerSay() throws Exception {
        try (FakeMemcached server = new FakeMemcached();
                Proxy proxy = start(server, getClass().getClassLoader())) {
            assertThat(talk(proxy, CONVERSATION)).isEqualTo(ANSWERS);
        }

        assertThat(exchanges)
                .extracting(e -> e.operation() + " " + e.status.label() + " " + e.rows + " " + e.hit)
                .containsExactlyInAnyOrder(
                        "set ok 1 -1", "get ok 1 1", "delete ok 0 -1", "flush_all error -1 -1", "quit no_reply -1 -1");
        assertThat(exchanges)
                .allMatch(e -> e.protocol.equals("memcached"))
                .allMatch(e -> e.listener().equals("cache"))
                .filteredOn(e -> e.status != Exchange.Status.NO_REPLY)
                .allMatch(e -> e.durationNanos >= e.firstByteNanos && e.firstByteNanos >= 0)
                .allMatch(e -> e.upstreamText() != null);
    }

    @Test
    void refusesABrowserBeforeTheServerHearsOfIt() throws Exception {
        try (FakeMemcached server = new FakeMemcached();
                Proxy proxy = start(server, getClass().getClassLoader())) {
            assertThat(talk(proxy, "GET / HTTP/1.1\r\nHost: cache\r\n\r\n")).isEqualTo("ERROR\r\n");

            assertThat(proxy.clusters().get(0).endpoints().get(0).connects()).isZero();
        }
    }

    @Test
    void worksFromAJarOfItsOwn(@TempDir Path plugins) throws Exception {
        Path jar = jar(plugins.resolve("memcached-stats.jar"));
        try (URLClassLoader loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, new WithoutUs());
                FakeMemcached server = new FakeMemcached();
                Proxy proxy = start(server, loader)) {
            assertThat(talk(proxy, CONVERSATION)).isEqualTo(ANSWERS);
        }

        assertThat(exchanges).hasSize(5);
    }

    private Proxy start(FakeMemcached server, ClassLoader loader) {
        ProxyConfig config = ProxyConfig.of(Map.of(
                "event_loops", 1,
                "listeners",
                        List.of(Map.of(
                                "name", "cache",
                                "address", "127.0.0.1:0",
                                "filters",
                                        List.of(
                                                Map.of("type", "first_word", "allow", List.of("get", "set")),
                                                Map.of("type", "memcached_stats"),
                                                Map.of("type", "tcp_proxy", "cluster", "cache")))),
                "clusters", List.of(Map.of("name", "cache", "endpoints", List.of(server.address())))));
        return Proxy.builder()
                .classLoader(loader)
                .sink(loop -> exchange -> {
                    Exchange copy = new Exchange();
                    copy.copyFrom(exchange);
                    exchanges.add(copy);
                })
                .start(config);
    }

    /** Sends all at once, and returns what came until the other side closed. */
    private static String talk(Proxy proxy, String text) throws IOException {
        int port = proxy.address("cache").port();
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        }
    }

    /** As the build packs it. */
    private static Path jar(Path file) throws Exception {
        Path classes = classes();
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(file));
                Stream<Path> all = Files.walk(classes)) {
            for (Path one : (Iterable<Path>) all.filter(Files::isRegularFile)::iterator) {
                out.putNextEntry(new JarEntry(classes.relativize(one).toString().replace('\\', '/')));
                Files.copy(one, out);
                out.closeEntry();
            }
        }
        return file;
    }

    private static Path classes() throws Exception {
        return Path.of(MemcachedProtocol.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
    }

    /** The class path as a program without this example has it. */
    private static final class WithoutUs extends ClassLoader {
        WithoutUs() {
            super(WithoutUs.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (name.startsWith("dev.weir.examples.")) {
                throw new ClassNotFoundException(name);
            }
            return super.loadClass(name, resolve);
        }

        @Override
        public Enumeration<URL> getResources(String name) throws IOException {
            try {
                String ours = classes().toUri().toString();
                return Collections.enumeration(Collections.list(super.getResources(name)).stream()
                        .filter(url -> !url.toString().startsWith(ours))
                        .toList());
            } catch (IOException e) {
                throw e;
            } catch (Exception e) {
                throw new IOException(e);
            }
        }

        @Override
        public InputStream getResourceAsStream(String name) {
            return null;
        }
    }
}
