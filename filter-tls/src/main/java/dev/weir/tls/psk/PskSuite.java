package dev.weir.tls.psk;

import org.bouncycastle.tls.CipherSuite;

/** What there is to choose from, best first: OpenSSL's names, the registry's, and numbers. None with DHE of finite fields: it is slow, and stunnel has it off, too. */
enum PskSuite {
    AES_128_GCM("TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", CipherSuite.TLS_AES_128_GCM_SHA256),
    CHACHA20("TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256", CipherSuite.TLS_CHACHA20_POLY1305_SHA256),
    ECDHE_GCM_128(
            "ECDHE-PSK-AES128-GCM-SHA256",
            "TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256",
            CipherSuite.TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256),
    ECDHE_GCM_256(
            "ECDHE-PSK-AES256-GCM-SHA384",
            "TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384",
            CipherSuite.TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384),
    ECDHE_CHACHA20(
            "ECDHE-PSK-CHACHA20-POLY1305",
            "TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256",
            CipherSuite.TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256),
    ECDHE_CBC_128(
            "ECDHE-PSK-AES128-CBC-SHA256",
            "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256",
            CipherSuite.TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256),
    ECDHE_CBC_256(
            "ECDHE-PSK-AES256-CBC-SHA384",
            "TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA384",
            CipherSuite.TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA384),
    GCM_128("PSK-AES128-GCM-SHA256", "TLS_PSK_WITH_AES_128_GCM_SHA256", CipherSuite.TLS_PSK_WITH_AES_128_GCM_SHA256),
    GCM_256("PSK-AES256-GCM-SHA384", "TLS_PSK_WITH_AES_256_GCM_SHA384", CipherSuite.TLS_PSK_WITH_AES_256_GCM_SHA384),
    PSK_CHACHA20(
            "PSK-CHACHA20-POLY1305",
            "TLS_PSK_WITH_CHACHA20_POLY1305_SHA256",
            CipherSuite.TLS_PSK_WITH_CHACHA20_POLY1305_SHA256);

    final String openssl;
    final String registry;
    final int number;

    PskSuite(String openssl, String registry, int number) {
        this.openssl = openssl;
        this.registry = registry;
        this.number = number;
    }

    /** Whether it belongs to TLS 1.3. */
    boolean young() {
        return openssl.equals(registry);
    }

    static String name(int number) {
        for (PskSuite suite : values()) {
            if (suite.number == number) {
                return suite.registry;
            }
        }
        return "0x" + Integer.toHexString(number);
    }
}
