package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.slf4j.event.KeyValuePair;

class LogLayoutTest {
    private static LoggingEvent event(Throwable thrown) {
        LoggerContext context = new LoggerContext();
        LoggingEvent event = new LoggingEvent(
                "here",
                context.getLogger("dev.weir.core.net.Listener"),
                Level.WARN,
                "bound to {}",
                thrown,
                new Object[] {"x\ny"});
        event.setInstant(Instant.parse("2026-11-21T05:06:07.123Z"));
        event.addKeyValuePair(new KeyValuePair("port", 7));
        return event;
    }

    @Test
    void writesALineOfText() {
        assertThat(new LogLayout(false).doLayout(event(null)))
                .isEqualTo("2026-11-21T05:06:07.123Z WARN  Listener: bound to x\ny port=7\n");
    }

    @Test
    void writesAnObjectALine() throws Exception {
        String line = new LogLayout(true).doLayout(event(new IllegalStateException("why")));

        assertThat(line).endsWith("}\n").hasLineCount(1);
        Map<?, ?> json = (Map<?, ?>) Json.read(line);
        assertThat(json.get("time")).isEqualTo("2026-11-21T05:06:07.123Z");
        assertThat(json.get("level")).isEqualTo("warn");
        assertThat(json.get("logger")).isEqualTo("dev.weir.core.net.Listener");
        assertThat(json.get("message")).isEqualTo("bound to x\ny");
        assertThat(json.get("port")).isEqualTo("7");
        assertThat(json.get("exception").toString()).contains("IllegalStateException: why");
    }
}
