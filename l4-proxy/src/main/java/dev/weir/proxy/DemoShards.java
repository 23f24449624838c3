package dev.weir.proxy;

import dev.weir.core.config.Address;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import redis.clients.jedis.exceptions.JedisException;

/** Three Redis servers that keep their data, behind one {@code redis_proxy}; one of them is killed and comes back. */
final class DemoShards implements DemoGuest {
    private static final int SHARDS = 3;
    private static final int PORT = 6390;

    private final List<DemoRedis> shards;

    private DemoShards(List<DemoRedis> shards) {
        this.shards = shards;
    }

    /**
     * Starts them; they end with {@code home}.
     *
     * @throws IOException if no Redis runs
     */
    static DemoShards start(DemoHome home) throws IOException {
        List<DemoRedis> shards = new ArrayList<>();
        for (int i = 0; i < SHARDS; i++) {
            shards.add(DemoRedis.startLasting(home));
        }
        return new DemoShards(shards);
    }

    @Override
    public int port() {
        return PORT;
    }

    @Override
    public QuickStart.Front front(Address listen) {
        return new QuickStart.Front(
                "shards",
                listen,
                List.of(Map.of("type", "redis_proxy", "cluster", "shards", "hash_tags", true)),
                Map.of("name", "shards", "load_balancing", "maglev", "endpoints", addresses()));
    }

    private List<String> addresses() {
        return shards.stream().map(shard -> shard.address().toString()).toList();
    }

    @Override
    public String title() {
        return SHARDS + " real Redis shards on "
                + shards.stream()
                        .map(shard -> Integer.toString(shard.address().port()))
                        .collect(Collectors.joining(", "))
                + " (redis_proxy, maglev)";
    }

    @Override
    public String yourself(Address listen) {
        return "redis-cli -p " + listen.port();
    }

    @Override
    public Traffic begin(Address proxy, Consumer<String> news) throws IOException {
        try {
            return DemoShardTraffic.start(shards.get(1), proxy, news);
        } catch (JedisException e) {
            throw new IOException("the shards do not answer through Weir: " + e.getMessage(), e);
        }
    }
}
