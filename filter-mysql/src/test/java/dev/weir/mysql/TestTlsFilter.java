package dev.weir.mysql;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.exchange.HotKeys;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.FilterFactory;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.filter.WireClock;
import dev.weir.core.protocol.Protocol;
import dev.weir.core.tls.AwaitedHello;
import dev.weir.core.tls.TlsClient;
import dev.weir.core.tls.TlsServer;
import dev.weir.core.tls.TlsSupport;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Collection;
import java.util.List;

/** {@code mysql_tls} with {@link TestTls}: {@code mysql_tls_test}. */
public final class TestTlsFilter implements FilterFactory {
    /** For ServiceLoader. */
    public TestTlsFilter() {}

    @Override
    public String type() {
        return "mysql_tls_test";
    }

    @Override
    public PerLoop<NetworkFilter> configure(ConfigNode config, FilterEnvironment environment) {
        return new MysqlTlsFactory().configure(config, new Environment(environment));
    }

    /** An environment that has TLS. */
    record Environment(FilterEnvironment outer) implements FilterEnvironment, TlsSupport.Scope {
        @Override
        public TlsServer tlsServer(ConfigNode tls) {
            return AwaitedHello.of(new TestTls().server(tls, this), new TestTls());
        }

        @Override
        public TlsClient tlsClient(ConfigNode tls) {
            return new TestTls().client(tls, this);
        }

        @Override
        public <T> List<T> services(Class<T> kind) {
            return kind == TlsSupport.class ? List.of(kind.cast(new TestTls())) : outer.services(kind);
        }

        @Override
        public String kind() {
            return "listener";
        }

        @Override
        public String name() {
            return outer.listener();
        }

        @Override
        public String listener() {
            return outer.listener();
        }

        @Override
        public MeterRegistry meters() {
            return outer.meters();
        }

        @Override
        public WireClock clock() {
            return outer.clock();
        }

        @Override
        public Cluster cluster(ConfigNode config, String key) {
            return outer.cluster(config, key);
        }

        @Override
        public Collection<Protocol> protocols() {
            return outer.protocols();
        }

        @Override
        public HotKeys hotKeys() {
            return outer.hotKeys();
        }

        @Override
        public void onClose(AutoCloseable resource) {
            outer.onClose(resource);
        }
    }
}
