package dev.weir.core.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What NutcrackerIT found out from the real one. */
class TwemproxyTest {
    private static KeyHash hash(Map<String, Object> config) {
        ConfigErrors errors = new ConfigErrors();
        KeyHash hash = Twemproxy.hash(ConfigNode.of(config, errors));
        assertThat(errors.problems()).isEmpty();
        return hash;
    }

    private static long of(KeyHash hash, String key) {
        byte[] bytes = key.getBytes(StandardCharsets.UTF_8);
        return hash.hash(bytes, bytes.length);
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.1:6379, 10.0.0.1:6379",
        "10.0.0.1:11211, 10.0.0.1",
        "cache-1:6379, cache-1:6379",
        "[::1]:6379, ::1:6379",
        "[::1]:11211, ::1",
        "unix:/run/redis.sock, /run/redis.sock:"
    })
    void namesServersAsTheirFilesDo(String address, String name) {
        byte[] found = Twemproxy.ringName(TestEndpoint.of(address, 3));

        assertThat(new String(found, StandardCharsets.UTF_8)).isEqualTo(name);
    }

    @Test
    void doesNotHashAnEmptyKey() {
        for (String name : KeyHash.twemproxyNames()) {
            assertThat(of(hash(Map.of("hash", name)), "")).as(name).isZero();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "{}, a{user:1}b, user:1",
        "{}, a}{user:1}b}, user:1",
        "{}, {a{b}c}, a{b",
        "{}, a{}b{c}, a{}b{c}",
        "{}, a{b, a{b",
        "{}, a}b, a}b",
        "||, a|b|c|, b",
        "||, a|b, a|b",
    })
    void hashesWhatStandsBetweenTheTags(String tag, String key, String hashed) {
        KeyHash tagged = hash(Map.of("hash", "md5", "hash_tag", tag));

        assertThat(of(tagged, key)).isEqualTo(of(hash(Map.of("hash", "md5")), hashed));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "{}}", "é}"})
    void reportsTagsThatAreNotTwoCharacters(String tag) {
        ConfigErrors errors = new ConfigErrors();

        Twemproxy.hash(ConfigNode.of(Map.of("hash_tag", tag), errors));

        assertThat(errors.problems())
                .extracting(Object::toString)
                .containsExactly("hash_tag: \"" + tag + "\" (expected: two ASCII characters, such as {})");
    }
}
