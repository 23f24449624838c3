package dev.weir.mysql;

/**
 * Capability bits (MySQL: "Capabilities Flags"; MariaDB: "Connection", extended capabilities from bit 32). Those that
 * change what is on the wire.
 */
final class Capability {
    /** MySQL's CLIENT_LONG_PASSWORD; a MariaDB server leaves it unset to say that it has extended ones. */
    static final long MYSQL = 1L;

    static final long CONNECT_WITH_DB = 1L << 3;
    static final long COMPRESS = 1L << 5;
    static final long PROTOCOL_41 = 1L << 9;
    static final long SSL = 1L << 11;
    static final long SECURE_CONNECTION = 1L << 15;
    static final long MULTI_STATEMENTS = 1L << 16;
    static final long PLUGIN_AUTH = 1L << 19;
    static final long CONNECT_ATTRS = 1L << 20;
    static final long LENENC_CLIENT_DATA = 1L << 21;
    static final long SESSION_TRACK = 1L << 23;
    static final long DEPRECATE_EOF = 1L << 24;
    static final long OPTIONAL_METADATA = 1L << 25;
    static final long ZSTD = 1L << 26;
    static final long QUERY_ATTRIBUTES = 1L << 27;
    /** MySQL: several factors at a log-in. */
    static final long FACTORS = 1L << 28;

    /** MariaDB: progress reports. */
    static final long PROGRESS = 1L << 32;
    /** MariaDB: result sets may come without column definitions. */
    static final long CACHE_METADATA = 1L << 36;

    /** Either way to compress what follows the log-in. */
    static final long COMPRESSED = COMPRESS | ZSTD;

    /** What every client of the last twenty years has; assumed where the greeting was not seen. */
    static final long ASSUMED = PROTOCOL_41 | SECURE_CONNECTION | PLUGIN_AUTH | SESSION_TRACK;

    private Capability() {}
}
