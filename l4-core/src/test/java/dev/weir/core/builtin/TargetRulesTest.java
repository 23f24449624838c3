package dev.weir.core.builtin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import io.netty.channel.unix.DomainSocketAddress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TargetRulesTest {
    private static boolean allows(TargetRules rules, String address) throws Exception {
        return rules.allow(new InetSocketAddress(InetAddress.getByName(address), 80));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.0.0.1",
                "127.255.0.3",
                "0.0.0.0",
                "::1",
                "::",
                "::ffff:127.0.0.1",
                "169.254.169.254",
                "fe80::1",
                "224.0.0.1",
                "ff02::1"
            })
    void keepsClientsFromTheMachineItself(String address) throws Exception {
        assertThat(allows(TargetRules.elsewhere(), address)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"192.0.2.1", "10.0.0.1", "2001:db8::1", "fd00::1"})
    void letsThemGoElsewhere(String address) throws Exception {
        assertThat(allows(TargetRules.elsewhere(), address)).isTrue();
    }

    @Test
    void letsThemGoToTheNetworksThatAreNamedAlone() throws Exception {
        TargetRules rules = TargetRules.configure(
                ConfigNode.of(Map.of("networks", List.of("10.1.0.0/16", "127.0.0.1")), new ConfigErrors()));

        assertThat(allows(rules, "10.1.2.3")).isTrue();
        assertThat(allows(rules, "127.0.0.1")).isTrue();
        assertThat(allows(rules, "10.2.0.1")).isFalse();
        assertThat(allows(rules, "127.0.0.2")).isFalse();
    }

    @Test
    void letsThemGoToNoSocketOfTheFileSystemAndToNoNameThatIsNotResolved() {
        TargetRules rules = TargetRules.elsewhere();

        assertThat(rules.allow(new DomainSocketAddress("/run/x.sock"))).isFalse();
        assertThat(rules.allow(InetSocketAddress.createUnresolved("a.example", 80)))
                .isFalse();
    }

    @Test
    void wantsNetworksWhereItIsTold() {
        ConfigErrors errors = new ConfigErrors();
        TargetRules.configure(ConfigNode.of(Map.of("network", "x"), errors));

        assertThat(errors.count()).isEqualTo(2);
    }
}
