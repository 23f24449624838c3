package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class OpenFilesTest {
    private static final String LIMITS = """
            Limit                     Soft Limit           Hard Limit           Units
            Max processes             95288                95288                processes
            Max open files            %s                 1048576              files
            """;

    @Test
    void warnsWhereFewFilesMayBeOpened() {
        assertThat(OpenFiles.warning(LIMITS.formatted("1024")))
                .isEqualTo("warning: at most 1024 open files, that is about 482 connections (expected: at least 8192;"
                        + " raise it with ulimit -n, or LimitNOFILE of systemd)");
    }

    @Test
    void isQuietOtherwise() {
        assertThat(OpenFiles.warning(LIMITS.formatted("1048576"))).isNull();
        assertThat(OpenFiles.warning(LIMITS.formatted("unlimited"))).isNull();
        assertThat(OpenFiles.warning("")).isNull();
    }
}
