package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RedactionTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "password",
                "sentinel_password",
                "redis_password",
                "passwd",
                "passphrase",
                "secret",
                "client_secret",
                "token",
                "auth_token",
                "auth",
                "private_key",
                "api_key",
                "apikey",
                "secret-access-key",
                "credentials",
                "psk",
                "requirepass",
                "key"
            })
    void hidesValuesOfKeysThatSoundLikeSecrets(String key) {
        assertThat(Redaction.redact(Map.of("a", List.of(Map.of(key, "hunter2"))))
                        .toString())
                .doesNotContain("hunter2")
                .contains(Redaction.SHOWN);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"name", "address", "hash_tags", "keys", "hot_keys", "keep_alive", "certificate", "max_series"})
    void showsTheRest(String key) {
        assertThat(Redaction.redact(Map.of(key, "shown")).toString()).contains("shown");
    }

    @Test
    void hidesWholeSectionsAndKeyMaterialAndPasswordsInAddresses() {
        Object redacted = Redaction.redact(Map.of(
                "credentials", Map.of("user", "u", "pw", "hunter2"),
                "ca", "-----BEGIN PRIVATE KEY-----\nhunter2",
                "upstream", "redis://me:hunter2@db:6379"));

        assertThat(redacted.toString()).doesNotContain("hunter2").contains("redis://me:(redacted)@db:6379");
    }

    @Test
    void leavesSwitchesAlone() {
        assertThat(Redaction.redact(Map.of("auth", true))).isEqualTo(Map.of("auth", true));
    }
}
