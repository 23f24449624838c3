package dev.weir.core.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Rfc3339Test {
    private static long micros(Instant time) {
        return time.getEpochSecond() * 1_000_000 + time.getNano() / 1_000;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1970-01-01T00:00:00.000000Z",
                "1969-12-31T23:59:59.999999Z",
                "2000-02-29T12:00:00.000001Z",
                "2024-02-29T23:59:59.999999Z",
                "2024-03-01T00:00:00.000000Z",
                "2026-11-21T10:15:30.123456Z",
                "2100-02-28T00:00:00.500000Z",
                "9999-12-31T23:59:59.999999Z"
            })
    void writesMicroseconds(String text) {
        char[] out = new char[Rfc3339.LENGTH];

        Rfc3339.write(micros(Instant.parse(text)), out);

        assertThat(new String(out)).isEqualTo(text);
    }

    @Test
    void agreesWithInstantOnAnyTime() {
        Random random = new Random(5);
        char[] out = new char[Rfc3339.LENGTH];
        for (int i = 0; i < 20_000; i++) {
            long micros = (long) (random.nextDouble() * 250_000_000_000_000_000L);
            Rfc3339.write(micros, out);

            assertThat(micros(Instant.parse(new String(out)))).isEqualTo(micros);
        }
    }
}
