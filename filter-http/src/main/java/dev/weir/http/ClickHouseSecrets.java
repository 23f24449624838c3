package dev.weir.http;

import java.nio.charset.StandardCharsets;
import java.util.Set;

/** Where ClickHouse's statements hold passwords and keys: functions and engines that read from elsewhere, settings, addresses with a user in them. */
final class ClickHouseSecrets {
    /** Functions of tables that know no secrets. All others are taken for some that do: new ones come with each version. */
    private static final Set<String> HARMLESS = Set.of(
            "cluster",
            "clusterallreplicas",
            "dictionary",
            "generaterandom",
            "generateseries",
            "generate_series",
            "input",
            "loop",
            "merge",
            "mergetreeindex",
            "null",
            "numbers",
            "numbers_mt",
            "values",
            "view",
            "viewifpermitted",
            "zeros",
            "zeros_mt");

    /** Begins of names of functions, table engines, sources of dictionaries and places of backups that take secrets. */
    private static final byte[][] FUNCTIONS = words(
            "aes_",
            "arrowflight",
            "azure",
            "cassandra",
            "clickhouse",
            "cosn",
            "decrypt",
            "deltalake",
            "encrypt",
            "executable",
            "externaldistributed",
            "extra_credentials",
            "gcs",
            "hdfs",
            "headers",
            "http",
            "hudi",
            "iceberg",
            "jdbc",
            "kafka",
            "materialized",
            "mongo",
            "mysql",
            "nats",
            "odbc",
            "oss",
            "paimon",
            "postgre",
            "rabbitmq",
            "redis",
            "remote",
            "s3",
            "source",
            "trydecrypt",
            "unity",
            "url",
            "ytsaurus");

    /** Parts of names whose value is one. */
    private static final byte[][] NAMES = words(
            "access_key",
            "account_key",
            "apikey",
            "api_key",
            "auth",
            "credential",
            "passphrase",
            "passwd",
            "password",
            "private",
            "pwd",
            "secret",
            "signature",
            "token");

    /** Parts of texts that hold one: strings that connect, addresses that are signed. */
    private static final byte[][] TEXTS =
            words("accountkey=", "password=", "pwd=", "secret", "sharedaccess", "sig=", "signature=");

    private ClickHouseSecrets() {}

    private static byte[][] words(String... words) {
        byte[][] all = new byte[words.length][];
        for (int i = 0; i < words.length; i++) {
            all[i] = words[i].getBytes(StandardCharsets.US_ASCII);
        }
        return all;
    }

    /** Whether a function in the place of a table may be given secrets. */
    static boolean mayTakeAsTable(byte[] a, int from, int to) {
        return !HARMLESS.contains(lower(a, from, to));
    }

    private static String lower(byte[] a, int from, int to) {
        byte[] text = new byte[to - from];
        for (int i = from; i < to; i++) {
            text[i - from] = (byte) lower(a[i]);
        }
        return new String(text, StandardCharsets.ISO_8859_1);
    }

    /** Whether a function is given secrets, wherever it stands. */
    static boolean takes(byte[] a, int from, int to) {
        for (byte[] word : FUNCTIONS) {
            if (begins(word, a, from, to)) {
                return true;
            }
        }
        return false;
    }

    /** Whether what is called so is a secret. */
    static boolean isCalled(byte[] a, int from, int to) {
        return contains(NAMES, a, from, to);
    }

    /** Whether a text is one, or holds one. */
    static boolean isHeld(byte[] a, int from, int to) {
        int scheme = -1;
        for (int i = from; i < to; i++) {
            if (scheme < 0 && a[i] == ':' && i + 2 < to && a[i + 1] == '/' && a[i + 2] == '/') {
                scheme = i;
            } else if (scheme >= 0 && a[i] == '@') {
                return true;
            }
        }
        return contains(TEXTS, a, from, to);
    }

    private static boolean contains(byte[][] words, byte[] a, int from, int to) {
        for (int i = from; i < to; i++) {
            for (byte[] word : words) {
                if (lower(a[i]) == word[0] && begins(word, a, i, to)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean begins(byte[] word, byte[] a, int from, int to) {
        if (to - from < word.length) {
            return false;
        }
        for (int i = 0; i < word.length; i++) {
            if (lower(a[from + i]) != word[i]) {
                return false;
            }
        }
        return true;
    }

    private static int lower(int c) {
        return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
    }
}
