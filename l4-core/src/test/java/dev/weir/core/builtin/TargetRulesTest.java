package dev.weir.core.builtin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import io.netty.channel.unix.DomainSocketAddress;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
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

    /** All that this machine has, whatever network it stands in. */
    @Test
    void keepsClientsFromItsOwnAddresses() throws Exception {
        List<InetAddress> own = NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .toList();

        assertThat(own).isNotEmpty();
        for (InetAddress address : own) {
            assertThat(TargetRules.elsewhere().allow(new InetSocketAddress(address, 80)))
                    .as("%s", address)
                    .isFalse();
        }
    }

    /** And from those that an IPv6 address leads to. */
    @Test
    void keepsClientsFromItsOwnAddressesWithinOthers() throws Exception {
        List<byte[]> own = NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(Inet4Address.class::isInstance)
                .map(InetAddress::getAddress)
                .toList();

        for (byte[] ip : own) {
            for (String prefix : List.of("64:ff9b::", "::", "2002::")) {
                byte[] bytes = InetAddress.getByName(prefix).getAddress();
                System.arraycopy(ip, 0, bytes, prefix.equals("2002::") ? 2 : 12, 4);
                InetAddress embedded = InetAddress.getByAddress(bytes);
                assertThat(TargetRules.elsewhere().allow(new InetSocketAddress(embedded, 80)))
                        .as("%s", embedded)
                        .isFalse();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "::127.0.0.1",
                "::169.254.169.254",
                "64:ff9b::127.0.0.1",
                "64:ff9b::7f00:1",
                "64:ff9b::169.254.169.254",
                "64:ff9b::224.0.0.1",
                "64:ff9b::0.0.0.0",
                "2002:7f00:1::1",
                "2002:a9fe:a9fe::",
                "2002:e000:1::"
            })
    void keepsClientsFromTheMachineItselfWithinOtherAddresses(String address) throws Exception {
        assertThat(allows(TargetRules.elsewhere(), address)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16", "64:ff9b::168.63.129.16"})
    void keepsClientsFromWhereCloudsTellSecrets(String address) throws Exception {
        assertThat(allows(TargetRules.elsewhere(), address)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"64:ff9b::192.0.2.1", "2002:c000:201::1", "::192.0.2.1", "64:ff9c::127.0.0.1", "2003:7f00:1::1"})
    void letsThemGoElsewhereWithinOtherAddresses(String address) throws Exception {
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
