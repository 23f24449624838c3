package dev.weir.core.net;

import dev.weir.core.tls.TlsClient;
import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * TLS of one cluster, with what it has to close at the end.
 *
 * @param client makes the handlers
 * @param resources closed last to first
 */
record UpstreamTls(TlsClient client, Deque<AutoCloseable> resources) implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(UpstreamTls.class);

    UpstreamTls {
        resources = new ArrayDeque<>(resources);
    }

    @Override
    public void close() {
        for (AutoCloseable resource = resources.pollLast(); resource != null; resource = resources.pollLast()) {
            try {
                resource.close();
            } catch (Exception e) {
                LOG.warn("TLS of an old configuration did not close", e);
            }
        }
    }
}
