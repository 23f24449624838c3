package dev.weir.core.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class WireScriptTest {
    private static WireScript.Expected expected(String line) {
        return WireScript.parse("script", line).expected().get(0);
    }

    @Test
    void readsFieldsOfAnExchange() {
        WireScript.Expected exchange = expected("E: explain find | status=ok rows=1  error=-");

        assertThat(exchange.command()).isEqualTo("explain find");
        assertThat(exchange.fields()).isEqualTo(Map.of("status", "ok", "rows", "1", "error", "-"));
    }

    @Test
    void readsFieldsWithBlanksInQuotes() {
        WireScript.Expected exchange = expected(
                "E: find | statement=\"find a {b: ?} x=y | \\x22\\\\ größe \uD83D\uDE80\" target=\"\" status=ok");

        assertThat(exchange.fields())
                .isEqualTo(Map.of(
                        "statement", "find a {b: ?} x=y | \"\\ größe \uD83D\uDE80", "target", "", "status", "ok"));
    }

    @Test
    void readsWhatItHasWritten() {
        byte[] bytes = new byte[256];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) i;
        }

        String text = WireScript.escape(bytes);

        assertThat(text).isPrintable();
        assertThat(WireScript.unescape(text)).isEqualTo(bytes);
        assertThat(WireScript.unescape("ä\uD83D\uDE80")).isEqualTo("ä\uD83D\uDE80".getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void saysWhichLineItDoesNotKnow() {
        assertThatThrownBy(() -> WireScript.parse("script", "# remark\nX: nothing"))
                .hasMessageContaining("script:2: \"X: nothing\"");
    }
}
