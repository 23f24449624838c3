package dev.weir.redis;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.cluster.Exclusions;
import dev.weir.redis.ProxyRoutes.Route;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the clients of one loop have subscribed to. A channel lives on the shard that its name hashes to, where PUBLISH goes as well; a pattern on all
 * shards. Each shard has one connection for all of it.
 */
final class ProxyPubSub {
    private final ProxyLoop home;
    private final Map<Topic.Key, Topic> topics = new HashMap<>();
    private final IdentityHashMap<Endpoint, SubscriptionLink> links = new IdentityHashMap<>();
    private final IdentityHashMap<ProxyClient, Set<Topic>> clients = new IdentityHashMap<>();

    ProxyPubSub(ProxyLoop home) {
        this.home = home;
    }

    /** Number of subscriptions of a client that its confirmations tell: of shards' channels, or of all else. */
    private int count(ProxyClient client, boolean shard) {
        int count = 0;
        for (Topic topic : clients.getOrDefault(client, Set.of())) {
            count += topic.key.kind() == Topic.Kind.SHARD == shard ? 1 : 0;
        }
        return count;
    }

    /** Whether the client has subscribed to anything. */
    boolean subscribed(ProxyClient client) {
        return clients.containsKey(client);
    }

    void subscribe(ProxyClient client, Call call, Topic.Kind kind, CommandReader command, ByteBuf buf) {
        List<Topic.Key> keys = keys(kind, command, buf);
        ByteBuf answer = home.allocator().buffer();
        List<Topic> asked = new ArrayList<>();
        for (Topic.Key key : keys) {
            Topic topic = topics.get(key);
            if (topic == null) {
                topic = new Topic(key);
                List<SubscriptionLink> shards = shards(key);
                if (shards.isEmpty()) {
                    answer.release();
                    home.dispatch.noShard(call, cluster());
                    return;
                }
                topics.put(key, topic);
                for (SubscriptionLink shard : shards) {
                    shard.subscribe(topic);
                }
            }
            topic.subscribers.add(client);
            clients.computeIfAbsent(client, one -> new LinkedHashSet<>()).add(topic);
            asked.add(topic);
            confirm(answer, client, kind.subscribed, key);
        }
        new SubscribeCall(home, client, call, answer, asked);
    }

    void unsubscribe(ProxyClient client, Call call, Topic.Kind kind, CommandReader command, ByteBuf buf) {
        List<Topic.Key> keys = keys(kind, command, buf);
        if (keys.isEmpty()) {
            clients.getOrDefault(client, Set.of()).stream()
                    .map(topic -> topic.key)
                    .filter(key -> key.kind() == kind)
                    .forEach(keys::add);
        }
        LocalCommands.answer(home, call, client, out -> {
            if (keys.isEmpty()) {
                header(out, client);
                Resp.bulk(out, kind.unsubscribed);
                Resp.nil(out, client.session().resp3());
                Resp.integer(out, count(client, kind == Topic.Kind.SHARD));
            }
            for (Topic.Key key : keys) {
                Topic topic = topics.get(key);
                if (topic != null) {
                    leave(client, topic);
                    forget(client, topic);
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
        Resp.integer(out, count(client, key.kind() == Topic.Kind.SHARD));
    }

    private void forget(ProxyClient client, Topic topic) {
        Set<Topic> its = clients.get(client);
        if (its != null) {
            its.remove(topic);
            if (its.isEmpty()) {
                clients.remove(client);
            }
        }
    }

    private void leave(ProxyClient client, Topic topic) {
        topic.subscribers.remove(client);
        if (topic.subscribers.isEmpty()) {
            topics.remove(topic.key);
            List.copyOf(links.values()).forEach(link -> link.unsubscribe(topic));
        }
    }

    /** The client has left, or wants to hear no more. */
    void left(ProxyClient client) {
        Set<Topic> its = clients.remove(client);
        if (its != null) {
            its.forEach(topic -> leave(client, topic));
        }
    }

    private Cluster cluster() {
        return home.settings.routes().keyless().cluster();
    }

    private List<SubscriptionLink> shards(Topic.Key key) {
        Cluster cluster = cluster();
        List<SubscriptionLink> found = new ArrayList<>();
        if (key.kind() == Topic.Kind.PATTERN) {
            for (Endpoint endpoint : cluster.snapshot().endpoints()) {
                found.add(link(cluster, endpoint));
            }
            return found;
        }
        Route route = home.settings.routes().keyless();
        byte[] name = key.bytes();
        Endpoint endpoint = cluster.pick(home.settings.routes().hash(route, name, name.length), 0, Exclusions.NONE);
        if (endpoint != null) {
            found.add(link(cluster, endpoint));
        }
        return found;
    }

    private SubscriptionLink link(Cluster cluster, Endpoint endpoint) {
        return links.computeIfAbsent(endpoint, key -> new SubscriptionLink(home, this, cluster, endpoint));
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

    void confirmed(Topic.Key key) {
        Topic topic = topics.get(key);
        if (topic != null && topic.unconfirmed > 0 && --topic.unconfirmed == 0) {
            List<SubscribeCall> waiting = List.copyOf(topic.waiting);
            topic.waiting.clear();
            waiting.forEach(SubscribeCall::confirmed);
        }
    }

    /** A shard is lost, and with it what it would have said: as to clients of the shard itself, that is the end of their connections. */
    void lost(SubscriptionLink link, String error, Set<Topic> its) {
        links.remove(link.endpoint(), link);
        for (Topic topic : its) {
            if (topics.get(topic.key) != topic) {
                continue;
            }
            List<SubscribeCall> waiting = List.copyOf(topic.waiting);
            topic.waiting.clear();
            waiting.forEach(call -> call.failed(error));
            for (ProxyClient client : List.copyOf(topic.subscribers)) {
                leave(client, topic);
                forget(client, topic);
                client.lostShard(waiting.isEmpty());
            }
        }
    }

    void close() {
        List.copyOf(links.values()).forEach(SubscriptionLink::close);
        links.clear();
    }
}
