package dev.weir.testbeds;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** A drain in the middle of traffic: what has arrived is answered, then the connection ends in order. */
class DrainIT {
    private static final int CLIENTS = 8;

    /** A client that counts up a key of its own, some commands at a time, until the connection ends. */
    private static final class Client {
        final String key;
        final int pipeline;
        final long pauseMillis;
        final Socket socket;
        final AtomicLong answers = new AtomicLong();

        Client(Proxy proxy, int number, int pipeline, long pauseMillis) throws IOException {
            this.key = "counter:" + number;
            this.pipeline = pipeline;
            this.pauseMillis = pauseMillis;
            this.socket = Setup.connect(proxy);
        }

        /** Runs until the end; answers how many commands were sent, all of them unless the end came while sending. */
        void run() {
            byte[] batch = ("INCR " + key + "\r\n").repeat(pipeline).getBytes(StandardCharsets.UTF_8);
            try {
                InputStream in = new BufferedInputStream(socket.getInputStream());
                while (true) {
                    try {
                        socket.getOutputStream().write(batch);
                    } catch (IOException closed) {
                        // What was answered before can still be read.
                    }
                    for (int i = 0; i < pipeline; i++) {
                        long answer = integer(in);
                        if (answer < 0) {
                            return;
                        }
                        assertThat(answer).isEqualTo(answers.incrementAndGet());
                    }
                    Thread.sleep(pauseMillis);
                }
            } catch (IOException | InterruptedException e) {
                throw new AssertionError(key + " after " + answers + " answers", e);
            }
        }

        /** An answer like {@code :12}, or -1 at an end of the stream between two answers. */
        private static long integer(InputStream in) throws IOException {
            int first = in.read();
            if (first < 0) {
                return -1;
            }
            assertThat(first).isEqualTo(':');
            long value = 0;
            for (int b = in.read(); b != '\r'; b = in.read()) {
                assertThat(b).isBetween((int) '0', (int) '9');
                value = value * 10 + b - '0';
            }
            assertThat(in.read()).isEqualTo('\n');
            return value;
        }
    }

    @Test
    void answersWhatHasArrivedAndClosesInOrder() throws Exception {
        try (RedisBed redis = RedisBed.start(RedisBed.embedded());
                Proxy proxy = Proxy.builder().start(Setup.config(2, redis.address(), List.of(Setup.redisStats())))) {
            List<Client> clients = new ArrayList<>();
            List<CompletableFuture<Void>> running = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                Client client = new Client(proxy, i, i % 2 == 0 ? 50 : 1, i < 4 ? 0 : 25);
                clients.add(client);
                running.add(new CompletableFuture<>());
                CompletableFuture<Void> done = running.get(i);
                Thread thread = new Thread(() -> {
                    try {
                        client.run();
                        done.complete(null);
                    } catch (Throwable t) {
                        done.completeExceptionally(t);
                    }
                });
                thread.setDaemon(true);
                thread.start();
            }
            assertThat(Setup.eventually(() -> clients.stream().allMatch(c -> c.answers.get() >= 100)))
                    .isTrue();
            long start = System.nanoTime();
            var drained = proxy.drain();

            for (CompletableFuture<Void> one : running) {
                one.get(30, TimeUnit.SECONDS);
            }
            drained.get(30, TimeUnit.SECONDS);
            long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
            System.out.println("drained in " + millis + " ms");
            for (Client client : clients) {
                String counted = redis.ask("GET " + client.key);
                assertThat(counted.split("\r\n", -1)[1])
                        .as("%s: executed; answered", client.key)
                        .isEqualTo(Long.toString(client.answers.get()));
            }
            assertThat(millis).as("well before the drain timeout of 10 s").isLessThan(9_000);
        }
    }
}
