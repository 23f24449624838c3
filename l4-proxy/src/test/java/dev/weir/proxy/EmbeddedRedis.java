package dev.weir.proxy;

import dev.weir.core.config.Address;
import java.io.IOException;

/** A real Redis for one test. */
final class EmbeddedRedis implements AutoCloseable {
    private final DemoHome home;
    private final DemoRedis redis;

    private EmbeddedRedis(DemoHome home, DemoRedis redis) {
        this.home = home;
        this.redis = redis;
    }

    static EmbeddedRedis start() throws IOException {
        DemoHome home = DemoHome.create();
        try {
            return new EmbeddedRedis(home, DemoRedis.start(home));
        } catch (IOException e) {
            home.close();
            throw e;
        }
    }

    Address address() {
        return redis.address();
    }

    @Override
    public void close() {
        home.close();
    }
}
