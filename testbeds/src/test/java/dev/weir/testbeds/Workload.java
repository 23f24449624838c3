package dev.weir.testbeds;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisPubSub;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.Response;
import redis.clients.jedis.Transaction;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.util.SafeEncoder;

/** Many kinds of commands through real clients. Answers are not looked at, except where the order matters. */
final class Workload {
    /** One command a line; every one of them is there in Redis 6.2. Some fail, some miss. */
    private static final List<String> COMMANDS = List.of(
            "SET s one",
            "GET s",
            "GET missing",
            "GETSET s two",
            "GETDEL gone",
            "GETEX s EX 100",
            "APPEND s x",
            "STRLEN s",
            "SETRANGE s 1 y",
            "GETRANGE s 0 1",
            "SETNX s never",
            "SETEX t 100 v",
            "PSETEX t 100000 v",
            "MSET a 1 b 2",
            "MGET a b missing",
            "MSETNX a 1 c 2",
            "INCR n",
            "INCRBY n 5",
            "INCRBYFLOAT n 1.5",
            "DECR m",
            "DECRBY m 3",
            "SETBIT bits 7 1",
            "GETBIT bits 7",
            "BITCOUNT bits",
            "BITPOS bits 1",
            "BITOP AND dest bits bits",
            "BITFIELD bits GET u4 0",
            "EXPIRE s 1000",
            "PEXPIRE s 1000000",
            "TTL s",
            "PTTL s",
            "PERSIST s",
            "TYPE s",
            "EXISTS s missing",
            "RENAME t t2",
            "COPY s s2",
            "DUMP s",
            "TOUCH s s2",
            "RANDOMKEY",
            "DBSIZE",
            "OBJECT ENCODING s",
            "LPUSH l a b c",
            "RPUSH l d e",
            "LRANGE l 0 -1",
            "LLEN l",
            "LINDEX l 0",
            "LSET l 0 z",
            "LINSERT l BEFORE a q",
            "LREM l 1 q",
            "LTRIM l 0 10",
            "LPOS l a",
            "LMOVE l l2 LEFT RIGHT",
            "RPOPLPUSH l l2",
            "LPOP l",
            "RPOP l",
            "LPUSHX missing v",
            "RPUSHX missing v",
            "HSET h f 1 g 2",
            "HGET h f",
            "HGET h missing",
            "HMGET h f missing",
            "HGETALL h",
            "HDEL h g",
            "HEXISTS h f",
            "HINCRBY h f 2",
            "HINCRBYFLOAT h f 0.5",
            "HKEYS h",
            "HVALS h",
            "HLEN h",
            "HSTRLEN h f",
            "HSETNX h f 1",
            "HRANDFIELD h",
            "HSCAN h 0",
            "SADD set a b c",
            "SREM set c",
            "SMEMBERS set",
            "SISMEMBER set a",
            "SMISMEMBER set a x",
            "SCARD set",
            "SPOP set",
            "SRANDMEMBER set",
            "SINTER set set",
            "SUNION set set",
            "SDIFF set set",
            "SUNIONSTORE set2 set",
            "SMOVE set set2 b",
            "SSCAN set2 0",
            "ZADD z 1 a 2 b 3 c",
            "ZSCORE z a",
            "ZMSCORE z a x",
            "ZINCRBY z 2 a",
            "ZCARD z",
            "ZCOUNT z 0 5",
            "ZRANK z a",
            "ZREVRANK z a",
            "ZRANGE z 0 -1 WITHSCORES",
            "ZRANGEBYSCORE z 0 10",
            "ZREVRANGE z 0 -1",
            "ZREM z c",
            "ZPOPMIN z",
            "ZADD z 5 d",
            "ZPOPMAX z",
            "ZUNIONSTORE z2 1 z",
            "ZSCAN z 0",
            "ZRANGESTORE z3 z 0 -1",
            "PFADD p a b",
            "PFCOUNT p",
            "PFMERGE p2 p",
            "GEOADD geo 13.36 38.11 Palermo",
            "GEOPOS geo Palermo",
            "GEODIST geo Palermo Palermo",
            "GEOSEARCH geo FROMMEMBER Palermo BYRADIUS 10 km",
            "XADD x 1-1 f v",
            "XLEN x",
            "XRANGE x - +",
            "XREVRANGE x + -",
            "XGROUP CREATE x grp 0",
            "XREADGROUP GROUP grp me COUNT 1 STREAMS x >",
            "XPENDING x grp",
            "XACK x grp 1-1",
            "XINFO STREAM x",
            "XINFO GROUPS x",
            "XTRIM x MAXLEN 5",
            "XDEL x 1-1",
            "SORT l2 ALPHA",
            "SCAN 0",
            "KEYS s*",
            "EVAL return{1,{2,'x'},false} 0",
            "SCRIPT EXISTS abc",
            "SCRIPT LOAD return(1)",
            "EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0",
            "PUBLISH nobody hello",
            "PUBSUB CHANNELS",
            "PUBSUB NUMSUB a",
            "CLIENT SETNAME tester",
            "CLIENT GETNAME",
            "CLIENT ID",
            "CONFIG GET maxmemory",
            "MEMORY USAGE s",
            "TIME",
            "ECHO hello",
            "PING",
            "LASTSAVE",
            "COMMAND COUNT",
            "ACL WHOAMI",
            "WAIT 0 10",
            "SELECT 3",
            "SET other db",
            "SELECT 0",
            "SWAPDB 5 6",
            "MOVE s2 3",
            "UNLINK s missing",
            "DEL a b",
            // Errors of the commands themselves; the server counts these calls.
            "LPUSH n v",
            "INCR l",
            "HGET l f",
            "GET l",
            "ZADD z nan a",
            "BITOP NOT d x y",
            "RENAME missing x",
            // Rejected before they are called.
            "GET",
            "SET onlykey",
            "HSET h f",
            "NOSUCHCOMMAND a b",
            "nosuch");

    private Workload() {}

    /** All of it; {@code port} is the proxy's. */
    static void run(int port) throws Exception {
        try (Jedis jedis = new Jedis("127.0.0.1", port)) {
            for (String line : COMMANDS) {
                send(jedis, line);
            }
            pipeline(jedis);
            transactions(jedis, port);
        }
        blocking(port);
        publishAndSubscribe(port);
        lettuce(port);
        raw(port);
    }

    private static void send(Jedis jedis, String line) {
        String[] words = line.split(" ", -1);
        byte[][] arguments = new byte[words.length - 1][];
        for (int i = 1; i < words.length; i++) {
            arguments[i - 1] = SafeEncoder.encode(words[i]);
        }
        try {
            jedis.sendCommand(() -> SafeEncoder.encode(words[0]), arguments);
        } catch (JedisDataException expected) {
            // Errors are part of the traffic.
        }
    }

    private static void pipeline(Jedis jedis) {
        Pipeline pipeline = jedis.pipelined();
        List<Response<Long>> counts = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            counts.add(pipeline.incr("pipelined"));
            if (i % 10 == 0) {
                pipeline.set("big", "v".repeat(5_000));
                pipeline.get("big");
                pipeline.hgetAll("missing");
            }
        }
        pipeline.sync();
        for (int i = 0; i < counts.size(); i++) {
            if (counts.get(i).get() != i + 1) {
                throw new AssertionError("answer " + i + " is " + counts.get(i).get());
            }
        }
    }

    private static void transactions(Jedis jedis, int port) {
        Transaction executed = jedis.multi();
        executed.set("tx", "1");
        executed.incr("tx");
        executed.lpush("tx", "wrong type");
        executed.get("tx");
        executed.exec();
        Transaction discarded = jedis.multi();
        discarded.set("tx", "2");
        discarded.discard();
        jedis.watch("tx");
        try (Jedis other = new Jedis("127.0.0.1", port)) {
            other.set("tx", "3");
        }
        Transaction lost = jedis.multi();
        lost.get("tx");
        lost.exec();
        for (String line : List.of("MULTI", "SET tx 4", "GET", "EXEC", "WATCH tx", "UNWATCH", "EXEC", "DISCARD")) {
            send(jedis, line);
        }
    }

    private static void blocking(int port) throws Exception {
        var woken = CompletableFuture.supplyAsync(() -> {
            try (Jedis jedis = new Jedis("127.0.0.1", port)) {
                return jedis.blpop(20, "queue");
            }
        });
        try (Jedis jedis = new Jedis("127.0.0.1", port)) {
            Thread.sleep(50);
            jedis.rpush("queue", "job");
            if (!woken.get(60, TimeUnit.SECONDS).equals(List.of("queue", "job"))) {
                throw new AssertionError(woken.get());
            }
            for (String line : List.of(
                    "BLPOP empty 0.05",
                    "BRPOP empty 0.05",
                    "BLMOVE empty other LEFT RIGHT 0.05",
                    "BZPOPMIN empty 0.05",
                    "BRPOPLPUSH empty other 1",
                    "XREAD BLOCK 30 STREAMS x $")) {
                send(jedis, line);
            }
        }
    }

    private static void publishAndSubscribe(int port) throws Exception {
        CountDownLatch subscribed = new CountDownLatch(3);
        CountDownLatch messages = new CountDownLatch(20);
        JedisPubSub listener = new JedisPubSub() {
            @Override
            public void onSubscribe(String channel, int all) {
                subscribed.countDown();
            }

            @Override
            public void onPSubscribe(String pattern, int all) {
                subscribed.countDown();
            }

            @Override
            public void onMessage(String channel, String message) {
                messages.countDown();
            }

            @Override
            public void onPMessage(String pattern, String channel, String message) {
                messages.countDown();
            }
        };
        var running = CompletableFuture.runAsync(() -> {
            try (Jedis jedis = new Jedis("127.0.0.1", port)) {
                jedis.subscribe(listener, "news", "weather");
            }
        });
        try (Jedis jedis = new Jedis("127.0.0.1", port)) {
            while (subscribed.getCount() > 1) {
                Thread.sleep(2);
            }
            listener.psubscribe("n*");
            subscribed.await(60, TimeUnit.SECONDS);
            for (int i = 0; i < 10; i++) {
                jedis.publish("news", "item " + i);
            }
            messages.await(60, TimeUnit.SECONDS);
        }
        listener.ping();
        listener.unsubscribe();
        listener.punsubscribe();
        running.get(60, TimeUnit.SECONDS);
    }

    /** The same in RESP3, pipelined by a client that is asynchronous through and through. */
    private static void lettuce(int port) throws Exception {
        RedisURI uri = RedisURI.builder()
                .withHost("127.0.0.1")
                .withPort(port)
                .withTimeout(Duration.ofSeconds(20))
                .build();
        RedisClient client = RedisClient.create(uri);
        try (StatefulRedisConnection<String, String> connection = client.connect();
                StatefulRedisPubSubConnection<String, String> listening = client.connectPubSub()) {
            CountDownLatch messages = new CountDownLatch(5);
            listening.addListener(new RedisPubSubAdapter<>() {
                @Override
                public void message(String channel, String message) {
                    messages.countDown();
                }
            });
            listening.sync().subscribe("alpha", "beta");
            var async = connection.async();
            List<RedisFuture<Long>> counts = new ArrayList<>();
            connection.setAutoFlushCommands(false);
            for (int i = 0; i < 500; i++) {
                counts.add(async.incr("lettuce"));
                async.hset("map", Map.of("k" + i, "v"));
            }
            connection.flushCommands();
            connection.setAutoFlushCommands(true);
            for (int i = 0; i < counts.size(); i++) {
                if (counts.get(i).get(60, TimeUnit.SECONDS) != i + 1) {
                    throw new AssertionError(
                            "answer " + i + " is " + counts.get(i).get());
                }
            }
            var sync = connection.sync();
            sync.hgetall("map");
            sync.zadd("lz", 1.5, "m");
            sync.zrangeWithScores("lz", 0, -1);
            sync.multi();
            async.set("ltx", "1");
            async.smembers("set");
            sync.exec();
            for (int i = 0; i < 5; i++) {
                sync.publish("alpha", "m" + i);
            }
            messages.await(60, TimeUnit.SECONDS);
            listening.sync().unsubscribe("alpha");
            listening.sync().ping();
        } finally {
            client.shutdown(Duration.ZERO, Duration.ofSeconds(5));
        }
    }

    /** What clients do not offer: inline commands, silent ones, MONITOR. */
    private static void raw(int port) throws IOException {
        String script = "PING\r\n"
                + "CLIENT REPLY SKIP\r\nSET quiet 1\r\nINCR quiet\r\n" // One answer: of INCR.
                + "CLIENT REPLY OFF\r\nSET quiet 2\r\nGET quiet\r\nCLIENT REPLY ON\r\n" // One answer: of ON.
                + "HELLO 3\r\nCLIENT ID\r\nRESET\r\nGET quiet\r\n";
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(60_000);
            socket.getOutputStream().write(script.getBytes(StandardCharsets.UTF_8));
            socket.getOutputStream().write("QUIT\r\n".getBytes(StandardCharsets.UTF_8));
            String all = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!all.startsWith("+PONG\r\n:2\r\n+OK\r\n%") || !all.endsWith("+RESET\r\n$1\r\n2\r\n+OK\r\n")) {
                throw new AssertionError(all);
            }
        }
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(60_000);
            InputStream in = socket.getInputStream();
            socket.getOutputStream().write("ECHO before\r\nMONITOR\r\n".getBytes(StandardCharsets.UTF_8));
            if (in.readNBytes(12 + 5).length != 17) {
                throw new AssertionError("no answers before MONITOR");
            }
        }
    }
}
