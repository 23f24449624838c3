package dev.weir.redis;

import java.util.ArrayDeque;

/** Clients that a link has stopped, as it takes no more at the moment. */
final class StoppedClients {
    private final ShardLink link;
    private final ArrayDeque<ProxyClient> clients = new ArrayDeque<>(0);

    StoppedClients(ShardLink link) {
        this.link = link;
    }

    void add(ProxyClient client) {
        if (client.stopFor(link)) {
            clients.add(client);
        }
    }

    void forget(ProxyClient client) {
        clients.remove(client);
    }

    void resume() {
        // Those who resume may fill it again, and stop again.
        for (int n = clients.size(); n > 0; n--) {
            ProxyClient client = clients.poll();
            if (client != null) {
                client.goOnFor(link);
            }
        }
    }
}
