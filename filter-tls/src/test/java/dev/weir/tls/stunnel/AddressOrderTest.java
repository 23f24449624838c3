package dev.weir.tls.stunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.NetUtil;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AddressOrderTest {
    private static List<InetAddress> addresses(String... texts) throws UnknownHostException {
        List<InetAddress> all = new ArrayList<>();
        for (String text : texts) {
            all.add(InetAddress.getByAddress(NetUtil.createByteArrayFromIpAddressString(text)));
        }
        return all;
    }

    @Test
    void leavesThoseOfOneFamilyAsTheyAre() throws Exception {
        List<InetAddress> given = addresses("127.0.0.3", "127.0.0.1", "192.0.2.1");

        assertThat(AddressOrder.of(given)).isEqualTo(given);
    }

    /** 127.0.0.1 can be reached everywhere; where ::1 can, it comes before that. */
    @Test
    void hasIpv6FirstWhereItCanBeReached() throws Exception {
        List<InetAddress> ordered = AddressOrder.of(addresses("127.0.0.1", "::1", "127.0.0.2"));

        List<InetAddress> expected =
                hasIpv6() ? addresses("::1", "127.0.0.1", "127.0.0.2") : addresses("127.0.0.1", "127.0.0.2", "::1");
        assertThat(ordered).isEqualTo(expected);
    }

    private static boolean hasIpv6() throws Exception {
        return NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .anyMatch(ip -> ip instanceof Inet6Address && ip.isLoopbackAddress());
    }
}
