package dev.weir.mysql;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.Detection;
import dev.weir.core.protocol.Protocol;
import dev.weir.core.protocol.Sniffer;
import io.netty.buffer.ByteBuf;
import java.util.List;

/** MySQL and MariaDB. */
public final class MysqlProtocol implements Protocol {
    /** For the service loader. */
    public MysqlProtocol() {}

    @Override
    public String name() {
        return "mysql";
    }

    @Override
    public List<String> aliases() {
        return List.of("mariadb");
    }

    @Override
    public String statsFilter() {
        return "mysql_stats";
    }

    @Override
    public int defaultPort() {
        return 3306;
    }

    @Override
    public PerLoop<Sniffer> sniffer(ConfigNode config, FilterEnvironment environment) {
        throw new UnsupportedOperationException("not written yet");
    }

    @Override
    public Detection detect(Direction direction, ByteBuf first) {
        return Detection.NO;
    }
}
