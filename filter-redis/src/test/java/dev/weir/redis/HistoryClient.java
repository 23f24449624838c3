package dev.weir.redis;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A client that writes keys of its own and reads them and those of others, in pipelines, and tells a {@link ShardHistory}. */
final class HistoryClient implements AutoCloseable {
    private static final int KEYS = 24;
    private static final TestServer.Failure LOST = new TestServer.Failure("the connection was lost");

    private final String name;
    private final int port;
    private final ShardHistory history;
    private final Progress progress;
    private final Random random;
    /** By key: what this client knows, by its own answers alone. */
    private final Map<String, Long> seen = new HashMap<>();

    private final List<List<String>> commands = new ArrayList<>();
    private final Queue<Handler> handlers = new ArrayDeque<>();
    private TestServer.@Nullable Client connection;
    private long marks;

    HistoryClient(String name, int port, ShardHistory history, Progress progress, long seed) {
        this.name = name;
        this.port = port;
        this.history = history;
        this.progress = progress;
        this.random = new Random(seed);
    }

    /** What all clients see together. */
    static final class Progress {
        final Map<String, String> shards = new HashMap<>();
        final Map<String, AtomicLong> well = new HashMap<>();
        final AtomicLong failed = new AtomicLong();
        final AtomicLong lost = new AtomicLong();

        /** Before there are other threads. */
        void placed(String key, String shard) {
            shards.put(key, shard);
            well.putIfAbsent(shard, new AtomicLong());
        }

        String shard(String key) {
            return shards.getOrDefault(key, "nowhere");
        }

        long well() {
            return well.values().stream().mapToLong(AtomicLong::get).sum();
        }
    }

    private interface Handler {
        void answer(@Nullable Object answer);
    }

    List<String> registers() {
        List<String> keys = new ArrayList<>();
        for (int i = 0; i < KEYS; i++) {
            keys.add(name + ":" + i);
        }
        keys.addAll(pair());
        return keys;
    }

    List<String> counters() {
        List<String> keys = new ArrayList<>();
        for (int i = 0; i < KEYS / 3; i++) {
            keys.add("n:" + name + ":" + i);
        }
        return keys;
    }

    private List<String> pair() {
        return List.of("{" + name + "}a", "{" + name + "}b");
    }

    private String own() {
        return name + ":" + random.nextInt(KEYS);
    }

    /** Writes each key once. */
    void fill() throws IOException {
        registers().subList(0, KEYS).forEach(this::set);
        transaction();
        counters().forEach(this::count);
        exchange();
    }

    /** Some commands in one pipeline. */
    void round(List<String> others) throws IOException {
        for (int left = 1 + random.nextInt(16); left > 0; left--) {
            switch (random.nextInt(9)) {
                case 0, 1 -> set(own());
                case 2 -> get(own());
                case 3 -> count(counters().get(random.nextInt(KEYS / 3)));
                case 4 -> setSome(List.of(own(), own(), own()));
                case 5 -> getSome(List.of(own(), own(), own(), own()));
                case 6 -> transaction();
                case 7 -> getOther(others.get(random.nextInt(others.size())));
                default -> mark();
            }
        }
        exchange();
    }

    private void add(Handler handler, String... command) {
        commands.add(List.of(command));
        handlers.add(handler);
    }

    /** Whether the answer is one; else that is told. */
    private boolean well(String key, @Nullable Object answer) {
        if (answer == LOST) {
            return false;
        }
        if (answer instanceof TestServer.Failure failure) {
            history.failed(name, progress.shard(key), failure.message());
            progress.failed.incrementAndGet();
            return false;
        }
        AtomicLong count = progress.well.get(progress.shard(key));
        if (count != null) {
            count.incrementAndGet();
        }
        return true;
    }

    private void written(String key, long number) {
        history.acknowledged(key, number);
        seen.merge(key, number, Math::max);
    }

    private void set(String key) {
        long number = history.write(key);
        add(
                answer -> {
                    if (well(key, answer)) {
                        history.answered(name, "OK", answer);
                        written(key, number);
                    }
                },
                "SET",
                key,
                ShardHistory.value(key, number));
    }

    private void get(String key) {
        long newest = history.newest(key);
        add(answer -> read(key, newest, answer), "GET", key);
    }

    private void read(String key, long newest, @Nullable Object answer) {
        if (well(key, answer)) {
            long oldest = seen.getOrDefault(key, 0L);
            seen.put(key, history.read(name, key, oldest, newest, answer == null ? null : answer.toString()));
        }
    }

    private void getOther(String key) {
        long oldest = history.oldest(key);
        add(
                answer -> {
                    if (well(key, answer)) {
                        String value = answer == null ? null : answer.toString();
                        history.read(name, key, oldest, history.newest(key), value);
                    }
                },
                "GET",
                key);
    }

    private void count(String key) {
        add(
                answer -> {
                    if (well(key, answer) && answer instanceof Long result) {
                        history.counted(name, key, result);
                    } else {
                        history.uncertain(key);
                    }
                },
                "INCR",
                key);
    }

    private void setSome(List<String> keys) {
        List<String> command = new ArrayList<>(List.of("MSET"));
        Map<String, Long> numbers = new HashMap<>();
        for (String key : keys) {
            long number = history.write(key);
            numbers.put(key, number); // the last one counts, where a key comes twice
            command.add(key);
            command.add(ShardHistory.value(key, number));
        }
        add(
                answer -> {
                    if ("OK".equals(answer)) {
                        numbers.forEach(this::written);
                    } else if (answer != LOST && !String.valueOf(answer).contains("ERR shard ") && !loading(answer)) {
                        history.answered(name, "OK", answer);
                    }
                },
                command.toArray(new String[0]));
    }

    private static boolean loading(@Nullable Object answer) {
        return answer instanceof TestServer.Failure failure && failure.message().contains("LOADING ");
    }

    private void getSome(List<String> keys) {
        List<String> command = new ArrayList<>(List.of("MGET"));
        command.addAll(keys);
        List<Long> newest = keys.stream().map(history::newest).toList();
        add(
                answer -> {
                    List<?> values = answer instanceof List<?> list ? list : List.of();
                    if (keys.stream().map(progress::shard).distinct().count() > 1) {
                        history.answered(name, keys.size(), answer == LOST ? keys.size() : values.size());
                    } else if (values.isEmpty()) {
                        well(keys.get(0), answer); // it went to one shard as it was
                    }
                    for (int i = 0; i < values.size(); i++) {
                        read(keys.get(i), newest.get(i), values.get(i));
                    }
                },
                command.toArray(new String[0]));
    }

    /** All of it or nothing: both keys of the pair always have the same number. */
    private void transaction() {
        List<String> pair = pair();
        String first = pair.get(0);
        List<Long> numbers = pair.stream().map(history::write).toList();
        add(answer -> history.answered(name, "OK", answer == LOST ? "OK" : answer), "MULTI");
        for (int i = 0; i < 2; i++) {
            add(
                    answer -> {
                        if (well(first, answer)) {
                            history.answered(name, "QUEUED", answer);
                        }
                    },
                    "SET",
                    pair.get(i),
                    ShardHistory.value(pair.get(i), numbers.get(i)));
        }
        add(
                answer -> {
                    boolean aborted = answer instanceof TestServer.Failure failure
                            && failure.message().startsWith("EXECABORT ");
                    if (!aborted && well(first, answer)) {
                        history.answered(name, List.of("OK", "OK"), answer);
                        written(first, numbers.get(0));
                        written(pair.get(1), numbers.get(1));
                    }
                },
                "EXEC");
        add(
                answer -> {
                    if (answer instanceof List<?> values && values.size() == 2 && values.get(0) instanceof String a) {
                        history.answered(name, a.replace("a=", "b="), values.get(1));
                        read(first, numbers.get(0), a);
                    }
                },
                "MGET",
                first,
                pair.get(1));
    }

    private void mark() {
        String mark = name + " mark " + ++marks;
        add(answer -> history.answered(name, mark, answer == LOST ? mark : answer), "ECHO", mark);
    }

    private void exchange() throws IOException {
        try {
            TestServer.Client to = connection == null ? new TestServer.Client(port) : connection;
            connection = to;
            to.send(commands);
            while (!handlers.isEmpty()) {
                Object answer = to.read();
                handlers.remove().answer(answer);
            }
        } catch (IOException e) {
            // An answer that had begun cannot become an error: it ends the connection.
            progress.lost.incrementAndGet();
            close();
            while (!handlers.isEmpty()) {
                handlers.remove().answer(LOST);
            }
        }
        commands.clear();
    }

    @Override
    public void close() throws IOException {
        if (connection != null) {
            connection.close();
            connection = null;
        }
    }
}
