package dev.weir.proxy;

import dev.weir.core.config.Address;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The options of twemproxy that say something here.
 *
 * @param stats where the statistics are told
 * @param log the file of the log, or null for standard error
 * @param pidFile the file with the number of the process, or null for none
 * @param more what they add to the configuration
 */
record NutcrackerOptions(
        Address stats, @Nullable Path log, @Nullable Path pidFile, Map<String, Object> more) {
    /** What {@code --describe-stats} tells. */
    static final String STATISTICS = """
            pool stats:
              client_eof          "# eof on client connections"
              client_err          "# errors on client connections"
              client_connections  "# active client connections"
              server_ejects       "# times backend server was ejected"
              forward_error       "# times we encountered a forwarding error"
              fragments           "# fragments created from a multi-vector request"

            server stats:
              server_eof          "# eof on server connections"
              server_err          "# errors on server connections"
              server_timedout     "# timeouts on server connections"
              server_connections  "# active server connections"
              server_ejected_at   "timestamp when server was ejected in usec since epoch"
              requests            "# requests"
              request_bytes       "total request bytes"
              responses           "# responses"
              response_bytes      "total response bytes"
              in_queue            "# requests in incoming queue"
              in_queue_bytes      "current request bytes in incoming queue"
              out_queue           "# requests in outgoing queue"
              out_queue_bytes     "current request bytes in outgoing queue"
            """;

    private static final int DEFAULT_LEVEL = 5;
    private static final int MOST_VERBOSE = 11;
    private static final int LEAST_MBUF = 512;
    private static final int MOST_MBUF = 16 << 20;

    static NutcrackerOptions of(Arguments options) {
        String host = options.text("--stats-addr");
        int port = number(options, "--stats-port", 22_222, 1, 65_535);
        number(options, "--stats-interval", 30_000, 1, Integer.MAX_VALUE);
        number(options, "--mbuf-size", 16 << 10, LEAST_MBUF, MOST_MBUF);
        String at = host == null ? "127.0.0.1" : host.indexOf(':') >= 0 ? "[" + host + "]" : host;
        Map<String, Object> more = new LinkedHashMap<>();
        String admin = options.text("--admin");
        if (admin != null) {
            more.put(
                    "admin",
                    Map.of("address", Arguments.address("--admin", admin).toString()));
        }
        String level = level(number(options, "--verbose", DEFAULT_LEVEL, 0, MOST_VERBOSE));
        if (!level.equals("info")) {
            more.put("log", Map.of("level", level));
        }
        return new NutcrackerOptions(
                Arguments.address("--stats-addr", at + ":" + port),
                path(options.text("--output")),
                path(options.text("--pid-file")),
                more);
    }

    private static @Nullable Path path(@Nullable String name) {
        return name == null ? null : Path.of(name);
    }

    /** Emergencies, alerts, critical ones and errors; warnings; notices and information; and three kinds of details. */
    private static String level(int verbosity) {
        if (verbosity <= 3) {
            return "error";
        }
        if (verbosity == 4) {
            return "warn";
        }
        return verbosity <= 6 ? "info" : verbosity == 7 ? "debug" : "trace";
    }

    private static int number(Arguments options, String name, int absent, int least, int most) {
        String text = options.text(name);
        if (text == null) {
            return absent;
        }
        long number = text.matches("[0-9]{1,10}") ? Long.parseLong(text) : -1;
        if (number < least || number > most) {
            throw new UsageException(
                    name + ": \"" + text + "\" (expected: a whole number, " + least + ".." + most + ")");
        }
        return (int) number;
    }
}
