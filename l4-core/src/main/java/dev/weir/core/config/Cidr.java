package dev.weir.core.config;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A range of IP addresses: {@code 10.0.0.0/8}, {@code fd00::/8}, or a single address. IPv4-mapped IPv6 counts as IPv4. */
public final class Cidr {
    private final byte[] network;
    private final int bits;

    private Cidr(byte[] network, int bits) {
        this.network = network;
        this.bits = bits;
    }

    /**
     * Reads a range.
     *
     * @throws IllegalArgumentException with the value and what is expected
     */
    public static Cidr parse(String text) {
        int slash = text.indexOf('/');
        byte[] address = NetUtil.createByteArrayFromIpAddressString(slash < 0 ? text : text.substring(0, slash));
        if (address != null) {
            int most = address.length * 8;
            try {
                int bits = slash < 0 ? most : Integer.parseInt(text.substring(slash + 1));
                if (bits >= 0 && bits <= most) {
                    return new Cidr(address, bits);
                }
            } catch (NumberFormatException e) {
                // falls through to the message
            }
        }
        throw new IllegalArgumentException("\"" + text + "\" (expected: an IP address or range such as 10.0.0.0/8)");
    }

    /** The ranges at {@code key}; problems are reported there. */
    public static List<Cidr> list(ConfigNode node, String key) {
        List<Cidr> ranges = new ArrayList<>();
        for (ConfigNode element : node.list(key)) {
            ranges.add(element.as(Cidr::parse, new Cidr(new byte[4], 32)));
        }
        return List.copyOf(ranges);
    }

    /** Whether {@code address} is in it; Unix sockets are in none. */
    public boolean contains(SocketAddress address) {
        if (!(address instanceof InetSocketAddress inet) || inet.getAddress() == null) {
            return false;
        }
        return contains(inet.getAddress());
    }

    /** Whether {@code address} is in it. */
    public boolean contains(InetAddress address) {
        byte[] bytes = address.getAddress();
        if (bytes.length != network.length) {
            return false;
        }
        int whole = bits / 8;
        if (!Arrays.equals(bytes, 0, whole, network, 0, whole)) {
            return false;
        }
        int rest = bits % 8;
        return rest == 0 || ((bytes[whole] ^ network[whole]) & 0xff) >> (8 - rest) == 0;
    }

    /** Whether {@code address} is in one of {@code ranges}, or there are none. */
    public static boolean anyOrEmpty(List<Cidr> ranges, SocketAddress address) {
        if (ranges.isEmpty()) {
            return true;
        }
        for (Cidr range : ranges) {
            if (range.contains(address)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public String toString() {
        return NetUtil.bytesToIpAddress(network) + "/" + bits;
    }
}
