package dev.weir.redis;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.config.Address;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the clients of one loop have subscribed to. A channel lives on the shard that its name hashes to, where PUBLISH goes as well; a pattern on all
 * shards. Each shard has one connection for all of it.
 */
final class ProxyPubSub {
    /** Most subscriptions of one client. */
    private static final int MOST = 65_536;
    /** What the names of channels begin with by which a server tells of its own keys. */
    private static final String KEYSPACE = "__key";

    /** What one client has subscribed to. */
    private static final class Subscriptions {
        final Set<Topic> topics = new LinkedHashSet<>();
        /** Of them, channels of shards: these are counted apart. */
        int shards;

        /** Of them, patterns. */
        int patterns;

        /** Bytes of their names. */
        long names;

        boolean add(Topic topic) {
            boolean added = topics.add(topic);
            if (added) {
                names += topic.key.name().length();
                shards += topic.key.kind() == Topic.Kind.SHARD ? 1 : 0;
                patterns += topic.key.kind() == Topic.Kind.PATTERN ? 1 : 0;
            }
            return added;
        }

        boolean remove(Topic topic) {
            boolean removed = topics.remove(topic);
            if (removed) {
                names -= topic.key.name().length();
                shards -= topic.key.kind() == Topic.Kind.SHARD ? 1 : 0;
                patterns -= topic.key.kind() == Topic.Kind.PATTERN ? 1 : 0;
            }
            return removed;
        }

        int count(Topic.Kind kind) {
            return kind == Topic.Kind.SHARD ? shards : topics.size() - shards;
        }
    }

    private final ProxyLoop home;
    private final Map<Topic.Key, Topic> topics = new HashMap<>();
    private final Map<Address, SubscriptionLink> links = new HashMap<>();
    private final IdentityHashMap<ProxyClient, Subscriptions> clients = new IdentityHashMap<>();

    ProxyPubSub(ProxyLoop home) {
        this.home = home;
    }

    private int count(ProxyClient client, Topic.Kind kind) {
        Subscriptions its = clients.get(client);
        return its == null ? 0 : its.count(kind);
    }

    /** How many topics of a kind it has subscribed to. */
    long subscriptions(ProxyClient client, Topic.Kind kind) {
        Subscriptions its = clients.get(client);
        if (its == null) {
            return 0;
        }
        return switch (kind) {
            case SHARD -> its.shards;
            case PATTERN -> its.patterns;
            case CHANNEL -> its.topics.size() - its.shards - its.patterns;
        };
    }

    /** Whether the client has subscribed to anything. */
    boolean subscribed(ProxyClient client) {
        return !clients.isEmpty() && clients.containsKey(client);
    }

    void subscribe(ProxyClient client, Call call, Topic.Kind kind, CommandReader command, ByteBuf buf) {
        List<Topic.Key> keys = keys(kind, command, buf);
        Subscriptions had = clients.get(client);
        if (keys.size() + (had == null ? 0 : had.topics.size()) > MOST) {
            home.fail(call, "ERR more than " + MOST + " subscriptions of one client");
            return;
        }
        long names = had == null ? 0 : had.names;
        for (Topic.Key key : keys) {
            names += key.name().length();
        }
        if (names > home.settings.outputLimit()) {
            home.fail(call, "ERR names of subscriptions are longer than client_output_limit allows");
            return;
        }
        for (Topic.Key key : keys) {
            if (!topics.containsKey(key) && endpoints(key).isEmpty()) {
                home.dispatch.places().noShard(call, cluster());
                return;
            }
        }
        ByteBuf answer = home.allocator().buffer();
        List<Topic> asked = new ArrayList<>();
        List<Topic> added = new ArrayList<>();
        for (Topic.Key key : keys) {
            Topic topic = topic(key);
            topic.subscribers.add(client);
            Subscriptions its = clients.computeIfAbsent(client, one -> new Subscriptions());
            if (its.add(topic)) {
                added.add(topic);
            }
            asked.add(topic);
            confirm(answer, client, kind.subscribed, key);
        }
        new SubscribeCall(home, client, call, answer, asked, added);
    }

    private Topic topic(Topic.Key key) {
        Topic topic = topics.get(key);
        if (topic == null) {
            topic = new Topic(key);
            topics.put(key, topic);
            for (Endpoint endpoint : endpoints(key)) {
                links.computeIfAbsent(endpoint.address(), one -> new SubscriptionLink(home, this, cluster(), endpoint))
                        .subscribe(topic);
            }
        }
        return topic;
    }

    void unsubscribe(ProxyClient client, Call call, Topic.Kind kind, CommandReader command, ByteBuf buf) {
        List<Topic.Key> keys = keys(kind, command, buf);
        Subscriptions its = clients.get(client);
        if (keys.isEmpty() && its != null) {
            its.topics.stream()
                    .map(topic -> topic.key)
                    .filter(key -> key.kind() == kind)
                    .forEach(keys::add);
        }
        LocalCommands.answer(home, call, client, out -> {
            if (keys.isEmpty()) {
                header(out, client);
                Resp.bulk(out, kind.unsubscribed);
                Resp.nil(out, client.session().resp3());
                Resp.integer(out, count(client, kind));
            }
            for (Topic.Key key : keys) {
                Topic topic = topics.get(key);
                if (topic != null) {
                    leave(client, topic);
                }
                confirm(out, client, kind.unsubscribed, key);
            }
        });
    }

    private static List<Topic.Key> keys(Topic.Kind kind, CommandReader command, ByteBuf buf) {
        List<Topic.Key> keys = new ArrayList<>();
        for (int i = 1; i < command.count(); i++) {
            int at = command.start() + command.at(i);
            keys.add(new Topic.Key(kind, buf.toString(at, command.length(i), StandardCharsets.ISO_8859_1)));
        }
        return keys;
    }

    private static void header(ByteBuf out, ProxyClient client) {
        Resp.header(out, client.session().resp3() ? '>' : '*', 3);
    }

    private void confirm(ByteBuf out, ProxyClient client, String what, Topic.Key key) {
        header(out, client);
        Resp.bulk(out, what);
        byte[] name = key.bytes();
        Resp.bulk(out, name, 0, name.length);
        Resp.integer(out, count(client, key.kind()));
    }

    private void leave(ProxyClient client, Topic topic) {
        Subscriptions its = clients.get(client);
        if (its != null && its.remove(topic) && its.topics.isEmpty()) {
            clients.remove(client);
        }
        if (topic.subscribers.remove(client) && topic.subscribers.isEmpty()) {
            topics.remove(topic.key, topic);
            List.copyOf(links.values()).forEach(link -> link.unsubscribe(topic));
            released(topic);
        }
    }

    /** Nobody waits any more for the shards to confirm a topic: those who did have what they asked for, or have left. */
    private static void released(Topic topic) {
        List<SubscribeCall> waiting = List.copyOf(topic.waiting);
        topic.waiting.clear();
        waiting.forEach(SubscribeCall::confirmed);
    }

    /** The client has left, or wants to hear no more. */
    void left(ProxyClient client) {
        Subscriptions its = clients.get(client);
        if (its != null) {
            List.copyOf(its.topics).forEach(topic -> leave(client, topic));
        }
    }

    /** A SUBSCRIBE has failed: none of it holds. */
    void undo(ProxyClient client, List<Topic> asked) {
        asked.forEach(topic -> leave(client, topic));
    }

    // ---- shards

    private Cluster cluster() {
        return home.settings.routes().keyless().cluster();
    }

    /**
     * Where a topic is heard. The nodes of a Redis Cluster tell each other what is published, but for channels of shards, and for what they say of their
     * own keys: there any one will do, and it stays the one that it is.
     */
    private List<Endpoint> endpoints(Topic.Key key) {
        Shards shards = home.shards(home.settings.routes().keyless());
        boolean pattern = key.kind() == Topic.Kind.PATTERN;
        boolean everywhere = shards.bySlots() ? pattern && key.name().startsWith(KEYSPACE) : pattern;
        if (everywhere) {
            return shards.owners();
        }
        byte[] name = key.bytes();
        Endpoint endpoint = home.dispatch.places().pick(home.settings.routes().keyless(), name, name.length);
        if (shards.bySlots() && key.kind() != Topic.Kind.SHARD) {
            for (SubscriptionLink link : links.values()) {
                Endpoint same = shards.at(link.endpoint().address());
                endpoint = same != null && link.has(topics.get(key)) ? same : endpoint;
            }
        }
        return endpoint == null ? List.of() : List.of(endpoint);
    }

    /** Where endpoints have changed, topics may have moved: who listens there hears nothing any more, and is told by the end of its connection. */
    void sweep() {
        home.topology();
        for (Topic topic : List.copyOf(topics.values())) {
            List<Endpoint> now = endpoints(topic.key);
            long known = links.values().stream().filter(link -> link.has(topic)).count();
            boolean moved = known != now.size()
                    || now.stream().anyMatch(endpoint -> {
                        SubscriptionLink link = links.get(endpoint.address());
                        return link == null || !link.has(topic);
                    });
            if (moved && !now.isEmpty()) {
                lost(topic, null);
            }
        }
    }

    // ---- what shards say

    /** A message for everybody who has subscribed. */
    void message(Topic.Key key, ByteBuf frame) {
        Topic topic = topics.get(key);
        if (topic != null) {
            // Who is too slow leaves meanwhile.
            for (ProxyClient client : List.copyOf(topic.subscribers)) {
                client.push(frame);
            }
        }
    }

    void confirmed(Topic topic) {
        if (topic.unconfirmed > 0 && --topic.unconfirmed == 0) {
            released(topic);
        }
    }

    /**
     * A shard does not carry a topic (any more).
     *
     * @param error what those are told who wait for it; null if nobody does
     */
    void lost(Topic topic, @Nullable String error) {
        if (topics.get(topic.key) != topic) {
            return;
        }
        List<SubscribeCall> waiting = List.copyOf(topic.waiting);
        topic.waiting.clear();
        for (ProxyClient client : List.copyOf(topic.subscribers)) {
            boolean waits = error != null && waiting.stream().anyMatch(call -> call.isOf(client));
            if (!waits) {
                client.lostShard();
            }
        }
        waiting.forEach(call -> call.failed(error == null ? "ERR the channel has moved to another shard" : error));
        for (ProxyClient client : List.copyOf(topic.subscribers)) {
            leave(client, topic);
        }
    }

    /** A shard is lost, and with it what it would have said: as to clients of the shard itself, that is the end of their connections. */
    void lost(SubscriptionLink link, String error, List<Topic> its) {
        links.remove(link.endpoint().address(), link);
        its.forEach(topic -> lost(topic, error));
    }

    /** The connection is not needed any more. */
    void ended(SubscriptionLink link) {
        links.remove(link.endpoint().address(), link);
    }

    void close() {
        List.copyOf(links.values()).forEach(SubscriptionLink::close);
        links.clear();
    }
}
