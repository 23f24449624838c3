package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MetricsViewTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''|false",
                "*/*|false",
                "text/plain|false",
                "application/openmetrics-text|true",
                "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.4,*/*;q=0.1|true",
                "application/openmetrics-text;q=0.2, text/plain;q=0.9|false",
                "application/openmetrics-text;q=0|false",
                "application/openmetrics-text;q=x|false",
                "APPLICATION/OpenMetrics-Text|true"
            })
    void choosesTheFormByAccept(String accept, boolean openMetrics) {
        assertThat(MetricsView.prefersOpenMetrics(accept)).isEqualTo(openMetrics);
    }
}
