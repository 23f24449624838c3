package dev.weir.tls.stunnel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.ProxyConfig;
import dev.weir.tls.stunnel.ConfFiles.Conf;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the translator makes is a configuration that Weir takes, with the files that it names. */
class StunnelCheckIT {
    @TempDir
    Path folder;

    @Test
    void makesConfigurationsThatWeirTakes() {
        List<String> wrong = new ArrayList<>();

        for (Conf conf : new ConfFiles(folder).withCertificates().all()) {
            if (conf.good()) {
                ConfigErrors errors = new ConfigErrors();
                Object made = ConfFiles.read(conf.text()).made().configuration();
                Proxy.check(ProxyConfig.from(ConfigNode.of(made, errors)), StunnelCheckIT.class.getClassLoader());
                if (!errors.isEmpty()) {
                    wrong.add(conf + ": " + errors.problems());
                }
            }
        }

        assertThat(wrong).isEmpty();
    }
}
