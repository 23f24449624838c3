package dev.weir.mysql;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.EnumMap;
import java.util.Map;

/** Servers with TLS that the tests of a class share. Besides the usual users there are {@code other} and {@code third}, with the same password. */
final class TlsServers implements AutoCloseable {
    private final TlsCertificates certificates = new TlsCertificates();
    private final Map<MysqlInstallation, MysqlServer> servers = new EnumMap<>(MysqlInstallation.class);

    TlsCertificates certificates() {
        return certificates;
    }

    MysqlServer of(MysqlInstallation installation) throws Exception {
        MysqlServer server = servers.get(installation);
        if (server == null) {
            server = MysqlServer.start(installation, certificates.server());
            servers.put(installation, server);
            try (Connection root = server.connect();
                    Statement statement = root.createStatement()) {
                for (String user : new String[] {"other", "third"}) {
                    statement.execute("CREATE USER " + user + "@'%' IDENTIFIED BY '" + MysqlServer.PASSWORD + "'");
                    statement.execute("GRANT ALL ON *.* TO " + user + "@'%'");
                }
            }
        }
        return server;
    }

    /** Passwords are to be proved in full again. */
    void forgetPasswords(MysqlServer server) throws SQLException {
        try (Connection root = server.connect();
                Statement statement = root.createStatement()) {
            statement.execute("FLUSH PRIVILEGES");
        }
    }

    @Override
    public void close() throws IOException {
        servers.values().forEach(MysqlServer::close);
        certificates.close();
    }
}
